import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { type BmcLeases, createLeasedTurns } from '../../../src/power/leased-turns.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const times = { leaseMs: 90, pollMs: 10, patienceMs: 1_000 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** When the turn is lost, and what is said then; the work itself would last for two seconds. */
async function lostAfter(leases: Partial<BmcLeases>): Promise<{ readonly ms: number; readonly said: string }> {
  const all = { take: async () => undefined, renew: async () => true, giveBack: async () => undefined, ...leases };
  const turns = createLeasedTurns(all, 'test', times);
  const begun = Date.now();
  const working = turns.during({ name: 'ipmi a', restMs: 0 }, context, async (signal) => {
    const lost = new Promise<string>((resolve) => {
      signal.addEventListener('abort', () => resolve((signal.reason as Error).message));
    });
    const said = await Promise.race([lost, after(2_000).then(() => 'done')]);
    return { ms: Date.now() - begun, said };
  });
  await vi.advanceTimersByTimeAsync(3_000);
  return await working;
}

describe('a turn at a controller', () => {
  const said = 'the turn at ipmi a was lost: it was not renewed in time';
  const hangs = () => new Promise<never>(() => undefined);

  it('is lost at its expiry while its renewal hangs, or fails, and kept while it is renewed', async () => {
    expect(await lostAfter({ renew: hangs })).toEqual({ ms: 90, said });
    expect(await lostAfter({ renew: () => Promise.reject(new Error('gone')) })).toEqual({ ms: 90, said });
    // The control.
    expect(await lostAfter({})).toEqual({ ms: 2_000, said: 'done' });
  });

  it('counts from when it was asked for', async () => {
    const slow = async () => (await after(80), undefined);
    // A lease that counted from the answer would end after 170 ms.
    expect(await lostAfter({ take: slow, renew: hangs })).toEqual({ ms: 90, said });
  });
});
