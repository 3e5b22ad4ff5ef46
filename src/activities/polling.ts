import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../domain/call-context.ts';
import { DeadlineError, NotReadyError, UnavailableError, errorChain } from '../domain/errors.ts';

/** How often a state is read that is waited for. */
const intervalMs = 2_000;

/** What is waited for, and how long. */
export interface Wait {
  /** `demo-1 to power off` */
  readonly what: string;
  readonly deadlineSeconds: number;
  readonly context: CallContext;
}

/**
 * Calls `ask` until it no longer says NotReadyError, nor UnavailableError (a machine that boots refuses connections). Asks at least
 * once, also when a management node comes back after the deadline: what was waited for may have happened meanwhile. Whoever watches the
 * run sees what the latest answer was.
 */
export async function pollUntil<T>(wait: Wait, ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + wait.deadlineSeconds * 1_000;
  for (;;) {
    // Read again each time: an attempt that was stopped meanwhile may have lost its lease.
    wait.context.signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof NotReadyError || error instanceof UnavailableError)) throw error;
      if (Date.now() + intervalMs > deadline) throw deadlinePassed(wait, error);
      wait.context.progress({ what: `waiting: ${errorChain(error)}` });
    }
    await delay(intervalMs, undefined, { signal: wait.context.signal });
  }
}

function deadlinePassed(wait: Wait, cause: NotReadyError | UnavailableError): DeadlineError {
  return new DeadlineError(`waited ${String(wait.deadlineSeconds)} s for ${wait.what}`, {
    cause,
    evidence: cause.evidence,
  });
}
