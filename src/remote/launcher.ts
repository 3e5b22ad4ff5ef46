import { fork, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OutcomeUnknownError, UnavailableError } from '../domain/errors.ts';
import type { Ended, Launch, Order } from './launch.ts';

/** What the small process is told. */
export type Request = { readonly id: number; readonly order: Order } | { readonly id: number; readonly stop: true };

/** What it answers: how the program ended, that it was stopped, or why nothing of that is known. */
export type Answer =
  | { readonly id: number; readonly ended: Ended }
  | { readonly id: number; readonly stopped: true }
  | { readonly id: number; readonly failed: string };

/** A small process that starts programs for a large one. */
export interface Launcher {
  readonly launch: Launch;
  /** Ends the small process; programs that still run go on. */
  close(): void;
}

/** How long the small process has for stopping a program, which takes it at most 4 s. */
const STOP_MS = 10_000;

/** Compiled, or as it stands in a checkout. */
const own = fileURLToPath(import.meta.url);
const program = fileURLToPath(new URL(`./launcher-program${extname(own)}`, import.meta.url));

/**
 * Starting a program copies the page tables of the process that starts it, and stops it meanwhile: 50 ms and more for a worker of a GiB,
 * against 1 ms. The small process starts with the first program, and again after it was lost: OutcomeUnknownError for what it ran then.
 * `nodeArguments` come before its program; default: those of this process.
 */
export function createLauncher(nodeArguments: readonly string[] = process.execArgv): Launcher {
  let current: Small | undefined;
  const small = (): Small => {
    current = current?.alive === true ? current : startSmall(nodeArguments);
    return current;
  };
  return {
    launch: async (order, signal) => await small().launch(order, signal),
    close: () => current?.close(),
  };
}

interface Small {
  readonly alive: boolean;
  readonly launch: Launch;
  close(): void;
}

interface Waiting {
  answered(answer: Answer): void;
  lost(error: Error): void;
}

function startSmall(nodeArguments: readonly string[]): Small {
  // Of the worker's environment, which holds secrets, it needs nothing.
  const child = fork(program, [], {
    execArgv: [...nodeArguments],
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, Waiting>();
  let ids = 0;
  let alive = true;
  const lose = (cause: Error): void => {
    alive = false;
    for (const one of waiting.values()) one.lost(cause);
    waiting.clear();
  };
  child.on('error', lose);
  child.once('exit', (code, signal) => lose(new Error(`what starts programs ended: ${String(signal ?? code)}`)));
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.answered(answer));
  keepAlive(child, false);
  return {
    get alive() {
      return alive && child.connected;
    },
    async launch(order, signal) {
      const id = (ids += 1);
      const stop = (): void => {
        send(child, { id, stop: true }).catch(() => undefined);
        setTimeout(() => waiting.get(id)?.lost(new Error('what starts programs does not answer')), STOP_MS).unref();
      };
      const answer = new Promise<Answer>((answered, lost) => waiting.set(id, { answered, lost }));
      // Lost while the order is still on its way: that is thrown below, where it is waited for.
      answer.catch(() => undefined);
      keepAlive(child, true);
      try {
        await send(child, { id, order });
        signal.addEventListener('abort', stop, { once: true });
        if (signal.aborted) stop();
        return endedOf(await answer.catch(refuse), order, signal);
      } finally {
        signal.removeEventListener('abort', stop);
        waiting.delete(id);
        keepAlive(child, waiting.size > 0);
      }
    },
    close: () => {
      if (child.connected) child.disconnect();
    },
  };
}

function endedOf(answer: Answer, { file }: Order, signal: AbortSignal): Ended {
  if ('ended' in answer) return answer.ended;
  if ('stopped' in answer) throw signal.reason;
  throw new UnavailableError(`could not start ${file}`, { cause: new Error(answer.failed) });
}

function refuse(cause: unknown): never {
  throw new OutcomeUnknownError('run a program on this host', { cause });
}

/** A process is held open by a program that it waits for, not by the means to start another one. */
function keepAlive(child: ChildProcess, hold: boolean): void {
  if (hold) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}

async function send(child: ChildProcess, request: Request): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.send(request, (error) => {
      if (error) reject(new UnavailableError('start a program on this host', { cause: error }));
      else resolve();
    });
  });
}
