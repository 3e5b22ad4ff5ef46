import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { bundleVariable } from './bundled-workflows.ts';
import { end } from './temporal.ts';

/** A worker in a process of its own, which can be killed. */
export interface WorkerProcess {
  readonly pid: number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with its exit status when it has drained. */
  drain(): Promise<number | null>;
  /** What it logged so far. */
  log(): string;
}

const program = fileURLToPath(new URL('worker-child.ts', import.meta.url));
const ready = 'Worker is ready';

const ofCheckout: readonly string[] = ['--import', 'tsx', program];

/** What Node runs for a worker that stands still at calls that a test names (see freezing.ts). */
export const freezingWorker: readonly string[] = [
  '--import',
  'tsx',
  fileURLToPath(new URL('freezing-worker-child.ts', import.meta.url)),
];

/** Starts a worker process and waits until it polls; 10 s on two slow cores. `args` are what Node runs: a worker of this checkout. */
export async function startWorkerProcess(
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = ofCheckout,
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [...args], {
    env: { ...passedOn(), ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.off('exit', killWithUs));
  const log = collect(child);
  await untilReady(child, log);
  return {
    pid: child.pid ?? -1,
    kill: async () => await end(child, 'SIGKILL'),
    drain: async () => {
      await end(child, 'SIGTERM');
      return child.exitCode;
    },
    log,
  };
}

function passedOn(): NodeJS.ProcessEnv {
  return Object.fromEntries(['PATH', 'HOME', bundleVariable].map((name) => [name, process.env[name]]));
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

async function untilReady(child: ChildProcess, log: () => string): Promise<void> {
  const exited = once(child, 'exit').then(() => {
    throw new Error(`the worker ended before it was ready: ${log()}`);
  });
  const started = new Promise<void>((resolve) => {
    child.stderr?.on('data', () => {
      if (log().includes(ready)) resolve();
    });
  });
  await Promise.race([started, exited]);
  exited.catch(() => undefined);
}

/** SIGSTOP: it hangs, and does not know it. */
export function suspend({ pid }: WorkerProcess): void {
  process.kill(pid, 'SIGSTOP');
}

/** SIGCONT: it goes on as if no time had passed. */
export function resume({ pid }: WorkerProcess): void {
  process.kill(pid, 'SIGCONT');
}
