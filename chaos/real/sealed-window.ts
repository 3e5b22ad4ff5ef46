import type { StepRecord } from '../../src/domain/run.ts';

/**
 * Whether a capture with these steps had prepared its machine at that time, in milliseconds since 1970, and not published it yet. A step that was
 * tried again says when its last attempt began: what ended before the seal says best when that began.
 */
export function isSealedAt(steps: readonly StepRecord[], at: number): boolean {
  const seal = steps.findIndex(({ title }) => title.startsWith('Seal '));
  const prepared = steps[seal - 1]?.endedAt;
  const published = steps.find(({ number, state }) => number === '7.1' && state === 'done')?.endedAt;
  if (prepared === undefined || Date.parse(prepared) > at) return false;
  return published === undefined || Date.parse(published) > at;
}
