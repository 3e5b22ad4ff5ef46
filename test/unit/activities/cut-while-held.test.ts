import { describe, expect, it } from 'vitest';
import { withHeldCuts } from '../../../src/activities/cut-while-held.ts';
import type { HeldPowerRecord } from '../../../src/domain/power-asked.ts';

const staged = { disks: [], forced: false };
const asked = (action: HeldPowerRecord['action'], force: boolean) => [
  { power: [{ action, force, by: 'ops', reason: 'it hung', at: '2026-01-01T00:00:00Z' }] },
];

describe('a shutdown during which a run was held', () => {
  it('is a forced one where an operator cut the power, and no other', () => {
    expect(withHeldCuts(staged, asked('off', true)).forced).toBe(true);
    expect(withHeldCuts(staged, asked('reset', false)).forced).toBe(true);
    expect(withHeldCuts(staged, asked('off', false)).forced).toBe(false);
    expect(withHeldCuts(staged, asked('on', false)).forced).toBe(false);
    expect(withHeldCuts(staged, []).forced).toBe(false);
  });

  it('is what the system says that it was, where it says it', () => {
    expect(withHeldCuts({ ...staged, offReason: 'shutdown' }, asked('off', true)).forced).toBe(false);
  });
});
