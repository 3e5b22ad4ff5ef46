import { describe, expect, it } from 'vitest';
import { headline, outcomeOf, stateOf, waitingFor } from '../../../src/cli/run-words.ts';
import type { RunRecord } from '../../../src/domain/run.ts';
import { ago, capture, now } from './runs-at-one-moment.ts';

describe('what a run does', () => {
  const cases: readonly (readonly [Pick<RunRecord, 'procedure' | 'input'>, string])[] = [
    [{ procedure: 'captureImage', input: { image: 'web' } }, 'Capture lab-07 as web'],
    [{ procedure: 'loadNode', input: { image: 'web' } }, 'Load web onto lab-07'],
    [{ procedure: 'loadNode', input: { image: 'web', revision: 3 } }, 'Load web@3 onto lab-07'],
    [{ procedure: 'powerNode', input: { action: 'reset' } }, 'Power reset lab-07'],
    [{ procedure: 'checkNode', input: {} }, 'Read the status of lab-07'],
    [{ procedure: 'unloadNode', input: {} }, 'Unload lab-07'],
    [{ procedure: 'freeNode', input: {} }, 'Release lab-07'],
  ];
  it.each(cases)('%o is told as: %s', (run, told) => {
    expect(headline({ ...run, node: 'lab-07' })).toBe(told);
  });
});

describe('how a run stands', () => {
  it('is the catalog’s word, except for an end that only Temporal knows', () => {
    expect(stateOf(capture())).toBe('running');
    expect(stateOf(capture({ status: 'TERMINATED' }))).toBe('terminated');
    expect(stateOf(capture({ status: 'TIMED_OUT' }))).toBe('timed-out');
    expect(stateOf(capture({ status: 'GONE' }))).toBe('lost');
    const completed = { ...capture().run, state: 'completed' as const, outcome: 'done' };
    expect(stateOf(capture({ run: completed, status: 'GONE' }))).toBe('completed');
    expect(outcomeOf(capture({ run: completed, status: 'GONE' }))).toBe('done');
  });

  it('warns that a terminated run may still own its node', () => {
    expect(outcomeOf(capture())).toBeUndefined();
    expect(outcomeOf(capture({ status: 'TERMINATED' }))).toContain('may still own lab-07');
  });

  it('says of one that owns no node what it leaves instead', () => {
    const terminated = (run: object) => outcomeOf(capture({ run: { ...capture().run, ...run }, status: 'TERMINATED' }));
    expect(terminated({ procedure: 'loadFleet', node: '*' })).toMatch(
      /: the loads that it had begun go on by themselves$/,
    );
    expect(terminated({ procedure: 'deleteRevision', node: 'web-v3' })).toMatch(
      /: web-v3 may be gone in part; the same/,
    );
    expect(terminated({ procedure: 'checkNode' })).toMatch(/: it only read$/);
  });
});

describe('what a run waits for, when nobody takes its work up', () => {
  const untaken = { since: ago(120), managementNode: 'mn-a' };
  const waiting = (more: object) =>
    waitingFor(capture({ activity: { attempt: 1, untaken: { ...untaken, ...more } } }), now);

  it('is its management node, when that was not heard of', () => {
    const since = 'waiting since 2026-03-01 11:59:00 (UTC) for management node mn-a, which';
    expect(waiting({})).toBe(`${since} has never been heard of; is its worker running?`);
    expect(waiting({ lastCheckIn: ago(90) })).toBe(
      `${since} was last heard of at 2026-03-01 11:59:30; is its worker running?`,
    );
  });

  it('is a free slot of it, when its worker is there', () => {
    expect(waiting({ lastCheckIn: ago(5) })).toBe(
      'waiting since 2026-03-01 11:59:00 (UTC) for a free slot of management node mn-a',
    );
  });
});
