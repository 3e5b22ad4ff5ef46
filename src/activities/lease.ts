import type { Context } from '@temporalio/activity';

/** How much earlier than the server a worker thinks that its lease is over: heartbeats are sent every two seconds and take their way. */
const marginMs = 4_000;

/**
 * An attempt's right to act. A process that was stopped, or a machine that was suspended, goes on as if no time had passed, while the server has given
 * its work to another worker: what it did not say in time, it may not do.
 */
export interface Lease {
  /** Aborted by Temporal, or because the lease has lapsed. Read it again before each act: reading looks at the clock. */
  readonly signal: AbortSignal;
  /** Whether another attempt has, or may have, taken over. Once true, always true. */
  readonly lapsed: boolean;
  /** Whether the attempt was told to stop, or has lost its right to act; not when it gave up by itself. */
  readonly detached: boolean;
  /** Called with each sign of life. Too late, it renews nothing. */
  renew(): void;
  /** The attempt stops waiting for its work, which goes on. */
  giveUp(reason: Error): void;
}

const leases = new WeakMap<Context, Lease>();

/** One an attempt; it begins with the first call. */
export function leaseOf(context: Context): Lease {
  const known = leases.get(context);
  if (known !== undefined) return known;
  const lease = openLease(context.cancellationSignal, context.info.heartbeatTimeoutMs);
  leases.set(context, lease);
  return lease;
}

function openLease(cancellation: AbortSignal, heartbeatTimeoutMs: number | undefined): Lease {
  const limitMs = heartbeatTimeoutMs ? Math.max(1_000, heartbeatTimeoutMs - marginMs) : Infinity;
  const lapsed = new AbortController();
  const givenUp = new AbortController();
  const signal = AbortSignal.any([cancellation, lapsed.signal, givenUp.signal]);
  let seen = clocks();
  const check = (): void => {
    if (lapsed.signal.aborted || longestSince(seen) <= limitMs) return;
    lapsed.abort(new Error('this worker was stopped for longer than its lease'));
  };
  return {
    get signal() {
      check();
      return signal;
    },
    get lapsed() {
      check();
      return lapsed.signal.aborted;
    },
    get detached() {
      check();
      return cancellation.aborted || lapsed.signal.aborted;
    },
    giveUp: (reason) => givenUp.abort(reason),
    renew: () => {
      check();
      seen = clocks();
    },
  };
}

/** The one stands still while a machine sleeps, the other may be set. */
interface Clocks {
  readonly monotonic: number;
  readonly wall: number;
}

function clocks(): Clocks {
  return { monotonic: performance.now(), wall: Date.now() };
}

function longestSince(then: Clocks): number {
  const now = clocks();
  return Math.max(now.monotonic - then.monotonic, now.wall - then.wall);
}
