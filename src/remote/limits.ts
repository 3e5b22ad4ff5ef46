import { setMaxListeners } from 'node:events';
import { OutcomeUnknownError, UnavailableError } from '../domain/errors.ts';
import type { RunOptions } from './shell.ts';

/** Node's timers overflow above this many milliseconds (24.8 days) and fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The reason with which `Limits.signal` aborts when the time limit passed; any other reason is the caller's own. */
const timeLimit = Symbol('time limit');

/** A caller's patience: its abort signal and its time limit as one signal. */
export interface Limits {
  readonly signal: AbortSignal;
  /** Stops watching; to be called when the work has ended, however it did. */
  readonly release: () => void;
}

export function startLimits({ signal, timeoutMs }: Pick<RunOptions, 'signal' | 'timeoutMs'>): Limits {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort(signal.reason);
  };
  const timer = setTimeout(
    () => {
      controller.abort(timeLimit);
    },
    Math.min(timeoutMs, LONGEST_TIMER_MS),
  );
  // Many commands may share one caller's signal; each takes its listener back, so Node need not warn of a leak above ten.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const release = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, release };
}

/** Waits for `work`, but no longer than until `signal` aborts; then rejects with its reason. The work itself goes on. */
export async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let stop: (() => void) | undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
  }
}

/** What to throw when `signal` aborted before anything was begun: UnavailableError for the time limit, else the caller's reason. */
export function stoppedBefore(signal: AbortSignal, what: string): unknown {
  return signal.reason === timeLimit ? new UnavailableError(`${what}: time limit passed`) : signal.reason;
}

/** What to throw when `signal` aborted after the command began: OutcomeUnknownError for the time limit, else the caller's reason. */
export function stoppedAfter(signal: AbortSignal, what: string): unknown {
  return signal.reason === timeLimit ? new OutcomeUnknownError(`${what}: time limit passed`) : signal.reason;
}
