import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorChain } from '../src/domain/errors.ts';
import { startEmbeddedPostgres } from '../src/platform/embedded-postgres.ts';
import { openStateDirectory, packageRoot, type StateDirectory } from '../src/platform/state-directory.ts';
import { bundleVariable } from '../test/support/bundled-workflows.ts';
import { bundleWorkflows } from './bundle-workflows.ts';
import { installTestNeeds } from './test-needs.ts';
import { exitStatusOf, summarize, summaryLine, type VitestReport } from './test-summary.ts';

/**
 * `npm test`: sees to what the tests need, runs all of them, and ends with one line `Tests: N passed, N failed`. Arguments go to vitest.
 * What cannot be had is told to the tests, which skip with that reason; with CI=true a skip is a failure.
 */
async function main(args: readonly string[]): Promise<number> {
  const state = await openStateDirectory();
  const needs = await prepare(state);
  try {
    const reportFile = join(state.path, 'test-report.json');
    await rm(reportFile, { force: true });
    const status = await runVitest(args, reportFile, needs.environment);
    const summary = summarize(await readReport(reportFile), status);
    const inCi = ['true', '1'].includes(process.env['CI'] ?? '');
    if (inCi && summary.skipped > 0) console.log('\nSkipped tests count as failures here, since CI is set.');
    console.log(`\n${summaryLine(summary)}`);
    return exitStatusOf(summary, { skipsAllowed: !inCi });
  } finally {
    await needs.stop();
  }
}

interface Needs {
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** `IMPRINT_UNAVAILABLE` holds, as JSON, why a part cannot be had. */
async function prepare(state: StateDirectory): Promise<Needs> {
  const { unavailable, temporal, attempt } = await installTestNeeds(state);
  const workflows = join(state.path, 'test-workflows.js');
  await bundleWorkflows(join(packageRoot(), 'src/workflows/index.ts'), workflows);
  const postgres = await attempt('postgres', () => startTestPostgres(state));
  return {
    environment: {
      IMPRINT_UNAVAILABLE: JSON.stringify(unavailable),
      [bundleVariable]: workflows,
      ...(temporal === undefined ? {} : { IMPRINT_TEMPORAL_BINARY: temporal }),
      ...(postgres === undefined ? {} : { DATABASE_URL: postgres.databaseUrl }),
    },
    stop: async () => await postgres?.stop(),
  };
}

/** One server for all test files; each takes databases of its own on it. Nothing in it must survive a crash of the machine. */
async function startTestPostgres(state: StateDirectory): Promise<{ databaseUrl: string; stop(): Promise<void> }> {
  const configured = process.env['DATABASE_URL'];
  if (configured !== undefined && configured !== '') return { databaseUrl: configured, stop: async () => undefined };
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };
  const directory = await state.directory('test-postgres');
  return await startEmbeddedPostgres({ directory, port: await state.freePort('test-postgres'), settings });
}

async function runVitest(
  args: readonly string[],
  reportFile: string,
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  const vitest = join(packageRoot(), 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['default', 'json', join(packageRoot(), 'scripts', 'skip-reporter.ts')];
  const flags = [...reporters.map((name) => `--reporter=${name}`), `--outputFile.json=${reportFile}`];
  const child = spawn(process.execPath, [vitest, 'run', ...flags, ...args], {
    cwd: packageRoot(),
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  // The terminal sends Ctrl-C to vitest too; it ends its tests, and we say how far they came.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** A run that was cut, or could not begin, leaves no report: that counts as one failure. */
async function readReport(file: string): Promise<VitestReport> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as VitestReport;
  } catch {
    return { testResults: [] };
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(errorChain(error));
  console.log('\nTests: 0 passed, 1 failed');
  return 1;
});
