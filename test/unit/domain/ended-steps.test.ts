import { describe, expect, it } from 'vitest';
import { changedNode } from '../../../src/domain/ended-steps.ts';
import type { PlanStep } from '../../../src/domain/plan.ts';
import type { RunRecord, StepRecord } from '../../../src/domain/run.ts';

const planned = (kind: string): PlanStep => ({
  id: kind,
  title: `Do ${kind}`,
  by: 'provisioner',
  kind,
  pace: 'short',
  arguments: {},
  undo: { none: 'It is a test.' },
});

/** A capture whose plan has these steps, and that has begun the first few of them. */
function changedBy(kinds: readonly string[], begun: number): boolean {
  const list = kinds.map(planned);
  const steps = [
    { number: '4', title: 'Plan', state: 'done', evidence: { list } },
    ...list.slice(0, begun).map(({ title }, index) => ({ number: `5.${String(index + 1)}`, title, state: 'running' })),
  ];
  const record = { procedure: 'captureImage' } as RunRecord;
  return changedNode({ record, steps: steps as unknown as readonly StepRecord[] });
}

describe('a capture that is over', () => {
  it.each([
    ['preCapture', 'seal'],
    ['askOff', 'confirmOff'],
    ['proveOff', 'copy'],
  ])('has changed its node from %s on', (first, second) => {
    expect(changedBy([first, second], 0)).toBe(false);
    expect(changedBy([first, second], 1)).toBe(true);
    expect(changedBy([first, second], 2)).toBe(true);
  });

  it('that only copies what runs has not', () => {
    expect(changedBy(['imgcapture', 'pack'], 2)).toBe(false);
  });
});
