import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { UnsupportedError } from '../domain/errors.ts';
import type { ProgressReporter } from './progress.ts';
import { withStartLock } from './start-lock.ts';
import type { StateDirectory } from './state-directory.ts';

/** Management controllers of virtual machines, as the tests use them: IPMI and Redfish over libvirt. */
const requirements = [
  'virtualbmc==3.3.0',
  'pyghmi==1.6.19',
  'sushy-tools==2.2.0',
  'bcrypt==5.0.0',
  'libvirt-python==12.8.0',
] as const;

/** Several tests may want it at once; a slow machine compiles for minutes. */
const LIMIT_MS = 600_000;

/**
 * The directory of the commands of a Python environment of this state directory; made when it is missing or has other versions (a minute: the binding of
 * libvirt is compiled). UnsupportedError when it cannot be made.
 */
export async function ensurePythonTools(state: StateDirectory, report: ProgressReporter): Promise<string> {
  const environment = await state.directory('python-tools');
  return await withStartLock(`${environment}.lock`, LIMIT_MS, async () => {
    const stamp = join(environment, 'requirements.txt');
    const wanted = `${requirements.join('\n')}\n`;
    if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return join(environment, 'bin');
    await report.during('Installing virtualbmc and sushy-tools with pip', async () => {
      await rm(stamp, { force: true });
      // The system's: the headers of its package are what the binding is compiled with.
      await run('/usr/bin/python3', ['-m', 'venv', '--clear', environment]);
      const pip = join(environment, 'bin', 'pip');
      await run(pip, ['install', '--quiet', '--disable-pip-version-check', ...requirements]);
    });
    await writeFile(stamp, wanted);
    return join(environment, 'bin');
  });
}

async function run(file: string, args: readonly string[]): Promise<void> {
  const result = await execa(file, [...args], { reject: false, stdin: 'ignore', all: true });
  if (!result.failed) return;
  throw new UnsupportedError(`could not install Python tools: ${result.escapedCommand} failed`, {
    evidence: { output: result.all.slice(-2_000) },
  });
}
