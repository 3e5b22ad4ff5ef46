import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { OutcomeUnknownError, UnavailableError } from '../domain/errors.ts';
import type { BmcTurns } from './bmc-turns.ts';

/** Leases that all processes share, one a controller; the catalog has them. */
export interface BmcLeases {
  /** Undefined: taken; otherwise who has it, or `resting`. The same holder again: success. */
  take(
    turn: { readonly bmc: string; readonly holder: string },
    leaseMs: number,
    restMs: number,
  ): Promise<string | undefined>;
  /** False when the lease was lost. */
  renew(turn: { readonly bmc: string; readonly holder: string }, leaseMs: number): Promise<boolean>;
  giveBack(turn: { readonly bmc: string; readonly holder: string }): Promise<void>;
}

export interface LeaseTimes {
  /** So long after its holder died a turn is free again. */
  readonly leaseMs: number;
  readonly pollMs: number;
  /** How long a turn is waited for: a queue of 50 commands with five seconds of rest each. */
  readonly patienceMs: number;
}

const usualTimes: LeaseTimes = { leaseMs: 20_000, pollMs: 250, patienceMs: 300_000 };

/** Turns at management controllers by leases. `process` names this process for whoever looks at who has a turn. */
export function createLeasedTurns(leases: BmcLeases, process: string, times: LeaseTimes = usualTimes): BmcTurns {
  return {
    async during({ name, restMs }, context, work) {
      const turn = { bmc: name, holder: `${process} ${randomUUID()}` };
      const limit = Date.now() + times.patienceMs;
      let asked: number;
      for (;;) {
        asked = Date.now();
        const other = await taken(leases, turn, times.leaseMs, restMs);
        if (other === undefined) break;
        if (Date.now() > limit) throw new UnavailableError(`no turn at ${name}: ${other} has it`);
        context.progress({ what: `Wait for a turn at ${name}` });
        await delay(times.pollMs * (0.5 + Math.random()), undefined, { signal: context.signal });
      }
      const keeper = keep(leases, turn, { leaseMs: times.leaseMs, taken: asked });
      try {
        return await work(AbortSignal.any([context.signal, keeper.lost]));
      } finally {
        keeper.stop();
        // What cannot be given back ends by itself.
        await leases.giveBack(turn).catch(() => undefined);
      }
    },
  };
}

type Turn = Parameters<BmcLeases['take']>[0];

/** Taking it twice is the same as once, so a lost answer is asked for again. */
async function taken(leases: BmcLeases, turn: Turn, leaseMs: number, restMs: number): Promise<string | undefined> {
  try {
    return await leases.take(turn, leaseMs, restMs);
  } catch (error) {
    if (error instanceof OutcomeUnknownError) return await leases.take(turn, leaseMs, restMs);
    throw error;
  }
}

interface Keeper {
  readonly lost: AbortSignal;
  stop(): void;
}

/**
 * Renews the lease three times in its length; once it cannot be relied on any more, `lost` is aborted, also while a renewal hangs. A lease counts from when
 * it was asked for: nobody knows when the catalog took the question.
 */
function keep(
  leases: BmcLeases,
  turn: Turn,
  { leaseMs, taken }: { readonly leaseMs: number; readonly taken: number },
): Keeper {
  const lost = new AbortController();
  const lose = (): void =>
    lost.abort(new UnavailableError(`the turn at ${turn.bmc} was lost: it was not renewed in time`));
  let expires = taken + leaseMs;
  let expiry = setTimeout(lose, expires - Date.now());
  const renew = async (): Promise<void> => {
    const asked = Date.now();
    // Without an answer the lease holds until its expiry.
    const kept = await leases.renew(turn, leaseMs).catch(() => undefined);
    if (kept === false) lose();
    if (kept !== true || asked + leaseMs <= expires) return;
    expires = asked + leaseMs;
    clearTimeout(expiry);
    expiry = setTimeout(lose, expires - Date.now());
  };
  const timer = setInterval(() => void renew(), leaseMs / 3);
  const stop = (): void => {
    clearInterval(timer);
    clearTimeout(expiry);
  };
  return { lost: lost.signal, stop };
}
