import { describe, expect, it } from 'vitest';
import { mutations } from '../../chaos/controls/mutations.ts';
import { playControl } from '../../chaos/controls.ts';
import { play } from '../../chaos/play-simulated.ts';
import { skipWithout } from '../support/unavailable.ts';

const minutes = 60_000;

describe('a short chaos run', () => {
  it(
    'violates nothing, and loses no run',
    async (context) => {
      skipWithout(context, 'temporal', 'postgres');
      const said: string[] = [];

      const played = await play({
        seed: 'test',
        kills: 6,
        nodes: 30,
        workers: 2,
        atOnce: 6,
        meanMs: 1_500,
        endMs: 5 * minutes,
        say: (line) => said.push(line),
      });

      expect({ violations: played.violations, said }).toEqual({ violations: [], said });
      expect(played.lost).toBe(0);
      expect(played.looks).toBeGreaterThan(10);
    },
    8 * minutes,
  );

  it(
    'catches a copy that is started without looking for the earlier one (control)',
    async (context) => {
      skipWithout(context, 'temporal', 'postgres');
      const mutation = mutations.find(({ name }) => name === 'job-not-looked-for')!;

      const { caughtBy } = await playControl(mutation, () => undefined);

      expect(caughtBy.map(({ invariant }) => invariant)).toContain('no fenced action done twice');
    },
    8 * minutes,
  );
});
