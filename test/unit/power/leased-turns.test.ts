import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { type BmcLeases, createLeasedTurns } from '../../../src/power/leased-turns.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const times = { leaseMs: 90, pollMs: 10, patienceMs: 1_000 };

/** Aborted when the turn is lost; the work itself would last for two seconds. */
async function lostAfter(leases: Partial<BmcLeases>): Promise<string> {
  const all = { take: async () => undefined, renew: async () => true, giveBack: async () => undefined, ...leases };
  const turns = createLeasedTurns(all, 'test', times);
  return await turns.during({ name: 'ipmi a', restMs: 0 }, context, async (signal) => {
    const work = delay(2_000, 'done', { signal });
    return await work.catch(() => (signal.reason as Error).message);
  });
}

describe('a turn at a controller', () => {
  it('is lost at its expiry while its renewal hangs, or fails, and kept while it is renewed', async () => {
    const lost = 'the turn at ipmi a was lost: it was not renewed in time';
    expect(await lostAfter({ renew: () => new Promise(() => undefined) })).toBe(lost);
    expect(await lostAfter({ renew: () => Promise.reject(new Error('gone')) })).toBe(lost);
    // The control.
    expect(await lostAfter({})).toBe('done');
  });

  it('counts from when it was asked for', async () => {
    const begun = Date.now();
    const hangs = () => new Promise<never>(() => undefined);
    const slow = async () => await delay(80, undefined);
    await lostAfter({ take: slow, renew: hangs });
    // A lease that counted from the answer would have ended after 170 ms.
    expect(Date.now() - begun).toBeLessThan(160);
  });
});
