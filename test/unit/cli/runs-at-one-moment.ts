import type { RunProgress } from '../../../src/client.ts';
import type { StepRecord } from '../../../src/domain/run.ts';

/** The moment at which the runs below are looked at. */
export const now = Date.parse('2026-03-01T12:01:00.000Z');

/** ISO time, in seconds before `now`. */
export function ago(seconds: number): string {
  return new Date(now - seconds * 1_000).toISOString();
}

export function step(number: string, title: string, more: Partial<StepRecord> = {}): StepRecord {
  return { number, title, state: 'done', attempt: 1, startedAt: ago(50), endedAt: ago(49), ...more };
}

/** Without `endedAt`, which only a step that has ended has. */
export function runningStep(number: string, title: string, secondsAgo: number): StepRecord {
  return { number, title, state: 'running', attempt: 1, startedAt: ago(secondsAgo) };
}

/** A capture that copies a disk since 40 s; parts of it may be given. */
export function capture(more: Partial<RunProgress> = {}): RunProgress {
  return {
    run: {
      id: 'captureImage/lab-07/monday',
      procedure: 'captureImage',
      node: 'lab-07',
      input: { node: 'lab-07', image: 'web' },
      state: 'running',
      created: ago(51),
    },
    steps: [step('1', 'Claim lab-07'), runningStep('5.5', 'Copy vda of lab-07 (10.0 GiB)', 40)],
    status: 'RUNNING',
    ...more,
  };
}

const GIB = 1024 ** 3;

/** Half of 10 GiB. */
export const half = {
  attempt: 1,
  progress: { what: 'Copy vda', fraction: 0.5, bytesDone: 5 * GIB, bytesTotal: 10 * GIB },
};
