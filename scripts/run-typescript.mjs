import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { bootstrap, checkout } from './bootstrap.mjs';

/**
 * Makes the checkout ready, runs a TypeScript file of it with the arguments of this process, and ends as that file ends. Signals reach it:
 * the terminal sends Ctrl-C to both, and the others are passed on, so this process only waits.
 */
export async function runTypeScript(file, ...args) {
  await bootstrap();
  const tsx = join(checkout, 'node_modules', 'tsx', 'dist', 'cli.mjs');
  const child = spawn(process.execPath, [tsx, join(checkout, file), ...args, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`could not start ${tsx}: ${error.message}`);
    process.exitCode = 1;
  });
  // A shell says 128 and the signal's number for a process that a signal ended; so do we.
  child.on('exit', (code, signal) => (process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)));
}
