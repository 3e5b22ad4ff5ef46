import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../chaos/random.ts';
import { realFaults } from '../../../chaos/real/real-faults.ts';
import { drawSchedule } from '../../../chaos/schedule.ts';

const draw = (seed: string, kills = 25) =>
  drawSchedule(realFaults, { kills, meanMs: 30_000 }, createRandom(seed)).map(({ fault, afterMs }) => ({
    kind: fault.kind,
    afterMs,
  }));

describe('the schedule of a real storm', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
  });

  it('brings every kind of fault before it brings one again', () => {
    const kinds = realFaults.map(({ kind }) => kind);

    expect(new Set(draw('a', kinds.length).map(({ kind }) => kind))).toEqual(new Set(kinds));
    expect(draw('a')).toHaveLength(25);
  });

  it('leaves the runs time to go on between two faults, around the mean', () => {
    for (const { afterMs } of draw('a')) {
      expect(afterMs).toBeGreaterThanOrEqual(7_500);
      expect(afterMs).toBeLessThanOrEqual(52_500);
    }
  });
});
