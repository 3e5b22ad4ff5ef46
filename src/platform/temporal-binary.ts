import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { errorChain, UnsupportedError } from '../domain/errors.ts';
import { findCommand, isExecutable } from './commands.ts';
import type { ProgressReporter } from './progress.ts';
import type { StateDirectory } from './state-directory.ts';
import { downloadTemporal } from './temporal-download.ts';

/** The newest version that `go install` builds: from 1.6.0 the module has a `replace` line, which it refuses. */
export const temporalCliVersion = 'v1.5.1';

export interface TemporalBinary {
  /** Absolute. */
  readonly path: string;
  /** For people: where it comes from. */
  readonly origin: string;
}

/**
 * The `temporal` command line tool, which holds a whole dev server: one named by IMPRINT_TEMPORAL_BINARY, in PATH, among Go's programs, or
 * in the state directory from an earlier start; otherwise the SDK's own download; otherwise built with Go. Throws one UnsupportedError that
 * lists the ways to get it.
 */
export async function ensureTemporalBinary(state: StateDirectory, report: ProgressReporter): Promise<TemporalBinary> {
  const present = await findTemporalBinary(state.path);
  if (present !== undefined) return present;
  const directory = await state.directory('bin');
  const attempts = [
    { origin: `downloaded by Temporal's SDK into ${directory}`, get: downloadTemporal },
    { origin: `built with Go into ${directory}`, get: buildTemporal },
  ];
  const failures: string[] = [];
  for (const { origin, get } of attempts) {
    try {
      return { path: await get(directory, report), origin };
    } catch (error) {
      failures.push(errorChain(error));
      report.line(`  ${errorChain(error)}`);
    }
  }
  throw new UnsupportedError(noTemporal(failures), { evidence: { failures } });
}

/** The command line tool when it is there already; nothing is fetched or built. */
export async function findTemporalBinary(statePath: string): Promise<TemporalBinary | undefined> {
  const named = process.env['IMPRINT_TEMPORAL_BINARY'];
  if (named !== undefined && named !== '') return { path: named, origin: 'IMPRINT_TEMPORAL_BINARY' };
  const inPath = await findCommand('temporal');
  if (inPath !== undefined) return { path: inPath, origin: 'found in PATH' };
  const places = { "among Go's programs": await goPrograms(), 'in the state directory': join(statePath, 'bin') };
  for (const [origin, directory] of Object.entries(places)) {
    const path = join(directory, 'temporal');
    if (await isExecutable(path)) return { path, origin: `found ${origin}` };
  }
  return undefined;
}

async function goPrograms(): Promise<string> {
  const { stdout, failed } = await execa('go', ['env', 'GOPATH'], { reject: false });
  return join(failed || stdout === '' ? join(homedir(), 'go') : stdout, 'bin');
}

async function buildTemporal(directory: string, report: ProgressReporter): Promise<string> {
  if ((await findCommand('go')) === undefined)
    throw new UnsupportedError('could not build temporal: Go is not installed');
  const what = `Building temporal ${temporalCliVersion} with Go (about six minutes on a slow machine, once)`;
  await report.during(what, async () => {
    const module = `github.com/temporalio/cli/cmd/temporal@${temporalCliVersion}`;
    const { failed, stderr } = await execa('go', ['install', module], { env: { GOBIN: directory }, reject: false });
    if (failed)
      throw new UnsupportedError(`could not build temporal: ${stderr.trim().split('\n').at(-1) ?? 'go said nothing'}`);
  });
  return join(directory, 'temporal');
}

function noTemporal(failures: readonly string[]): string {
  return [
    'no Temporal server could be had. One of these helps:',
    '  - start one elsewhere and set TEMPORAL_ADDRESS=host:port',
    '  - install the temporal command line tool: https://docs.temporal.io/cli (brew, apt, or one archive), so that it is in PATH',
    `  - install Go, so that Imprint builds it: go install github.com/temporalio/cli/cmd/temporal@${temporalCliVersion}`,
    '  - docker compose -f temporal-dev.yml up, then TEMPORAL_ADDRESS=127.0.0.1:7233',
    'What was tried:',
    ...failures.map((failure) => `  - ${failure}`),
  ].join('\n');
}
