import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { end } from './temporal.ts';

/** A worker process of some checkout that is told when to poll: several versions can take turns without being started anew. */
export interface TurningWorker {
  /** Begins the identity of its workers in histories. */
  readonly pid: number;
  /** Resolves when it polls. */
  poll(): Promise<void>;
  /** As at SIGTERM: activities detach. Resolves when it has drained. */
  rest(): Promise<void>;
  kill(): Promise<void>;
}

/** Starts it; it does not poll yet. `program` is turning-worker-child.ts of its checkout. */
export async function startTurningWorker(
  program: string,
  environment: Readonly<Record<string, string>>,
): Promise<TurningWorker> {
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.off('exit', killWithUs));
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = `${log}${text}`.slice(-10_000)));
  const turn = async (to: 'poll' | 'rest'): Promise<void> => {
    child.send(to);
    await untilSaid(child, to, () => log);
  };
  await untilSaid(child, 'here', () => log);
  return {
    pid: child.pid ?? -1,
    poll: async () => await turn('poll'),
    rest: async () => await turn('rest'),
    kill: async () => await end(child, 'SIGKILL'),
  };
}

async function untilSaid(child: ChildProcess, word: string, log: () => string): Promise<void> {
  const over = new AbortController();
  const exited = once(child, 'exit', over).then(() => {
    throw new Error(`the worker ended: ${log()}`);
  });
  exited.catch(() => undefined);
  const [said] = (await Promise.race([once(child, 'message', over), exited])) as readonly unknown[];
  over.abort();
  if (said !== word) throw new Error(`the worker said ${String(said)}, not ${word}: ${log()}`);
}
