import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { UnavailableError } from '../domain/errors.ts';
import type { ProgressReporter } from './progress.ts';
import { packageRoot } from './state-directory.ts';

/** Long enough for 60 MB at 1 MB/s; where the download host cannot be reached at all, nobody should wait longer for the next way. */
const limitMs = 60_000;

/** The SDK downloads when it starts a test server. It cannot be interrupted there, so a process of its own does it. */
const downloadScript = `
  try {
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    const executable = { type: 'cached-download', downloadDir: process.argv[1] };
    const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
    await environment.teardown();
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
`;

/** Gets the command line tool by the SDK's own download and keeps it as `temporal` in `directory`; its path. Throws UnavailableError. */
export async function downloadTemporal(directory: string, report: ProgressReporter): Promise<string> {
  const partial = await mkdtemp(join(directory, 'download-'));
  try {
    await report.during('Downloading the temporal command line tool', async () => await runDownload(partial));
    const [file] = (await readdir(partial)).filter((name) => name.startsWith('temporal'));
    if (file === undefined) throw new UnavailableError('could not find the downloaded temporal in its directory');
    const path = join(directory, 'temporal');
    await chmod(join(partial, file), 0o755);
    await rename(join(partial, file), path);
    return path;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function runDownload(directory: string): Promise<void> {
  const result = await execa(process.execPath, ['--input-type=module', '--eval', downloadScript, directory], {
    cwd: packageRoot(),
    timeout: limitMs,
    forceKillAfterDelay: 1_000,
    stdin: 'ignore',
    reject: false,
  });
  if (!result.failed) return;
  const why = result.timedOut ? `no end within ${String(limitMs / 1000)} s` : result.stderr.trim().slice(0, 400);
  throw new UnavailableError(`could not download the temporal command line tool: ${why}`);
}
