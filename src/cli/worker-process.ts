import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { UnavailableError } from '../domain/errors.ts';

/** `imprint worker` in a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  /** Resolves when it has ended, with a word on how: `exit status 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** SIGTERM: it drains, and its jobs go on. Of one that has ended: success. */
  stop(): Promise<void>;
}

/** Bundling the workflows of a checkout takes seconds on a slow machine. */
const readyWithinMs = 120_000;

/** Starts a worker and waits until it is ready. Its log is appended to `logFile`. `settings` are added to the environment of this process. */
export async function startWorkerProcess(
  settings: Readonly<Record<string, string>>,
  logFile: string,
): Promise<WorkerProcess> {
  const child = await spawnWorker(settings, logFile);
  const ended = endOf(child);
  const worker = { pid: child.pid ?? 0, ended, stop: async () => await stop(child, ended) };
  try {
    await ready(child, logFile, child.logStart);
  } catch (error) {
    await worker.stop();
    throw error;
  }
  return worker;
}

type LoggingChild = ChildProcess & { readonly logStart: number };

async function spawnWorker(settings: Readonly<Record<string, string>>, logFile: string): Promise<LoggingChild> {
  const log = await open(logFile, 'a', 0o600);
  try {
    const logStart = (await log.stat()).size;
    // eslint-disable-next-line no-restricted-syntax -- a child inherits the environment; src/config.ts reads it there
    const env = { ...process.env, ...settings };
    const child = spawn(process.execPath, [...programArguments(), 'worker'], {
      env,
      stdio: ['ignore', log.fd, log.fd],
    });
    return Object.assign(child, { logStart });
  } finally {
    await log.close();
  }
}

/** From a checkout by tsx, from a build as it is. */
function programArguments(): readonly string[] {
  const isSource = import.meta.url.endsWith('.ts');
  const main = fileURLToPath(new URL(isSource ? './main.ts' : './main.js', import.meta.url));
  return isSource ? ['--import', import.meta.resolve('tsx'), main] : [main];
}

async function endOf(child: ChildProcess): Promise<string> {
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal ?? `exit status ${String(status)}`;
}

async function ready(child: ChildProcess, logFile: string, from: number): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  while (!(await logged(logFile, from)).includes('Worker is ready')) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      const log = (await logged(logFile, from)).trim().slice(-1_000);
      throw new UnavailableError(`start the worker: it did not become ready; ${logFile} ends with:\n${log}`);
    }
    await delay(100);
  }
}

async function logged(logFile: string, from: number): Promise<string> {
  const { size } = await stat(logFile);
  return size === from ? '' : (await readFile(logFile)).subarray(from).toString('utf8');
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await ended;
}
