import { describe, expect, it } from 'vitest';
import { createPlainTeller } from '../../../src/cli/plain-run.ts';
import { ago, capture, half, now, step } from './runs-at-one-moment.ts';

describe('a run in plain lines', () => {
  it('tells each step once when it begins and once when it ends', () => {
    const tell = createPlainTeller();
    expect(tell(capture(), now)).toEqual([
      'Capture lab-07 as web (run captureImage/lab-07/monday)',
      '1 Claim lab-07: done (1s)',
      '5.5 Copy vda of lab-07 (10.0 GiB) …',
    ]);
    expect(tell(capture(), now + 500)).toEqual([]);
    const copied = step('5.5', 'Copy vda of lab-07 (10.0 GiB)', { startedAt: ago(40), endedAt: ago(0) });
    expect(tell(capture({ steps: [copied] }), now + 1_000)).toEqual(['5.5 Copy vda of lab-07 (10.0 GiB): done (40s)']);
  });

  it('tells how far a step is at most every ten seconds', () => {
    const tell = createPlainTeller();
    const seconds = Array.from({ length: 26 }, (_, second) => tell(capture({ activity: half }), now + second * 1_000));
    const told = seconds.flatMap((lines, second) => (lines.some((line) => line.includes('50 %')) ? [second] : []));
    expect(told).toEqual([10, 20]);
    expect(seconds[10]).toEqual(['5.5 50 %, 5 GiB of 10 GiB, 102.4 MiB/s, 50s left']);
  });

  it('tells once what a step waits for, and again when that is something else', () => {
    const tell = createPlainTeller();
    tell(capture(), now);
    const failing = (attempt: number) => capture({ activity: { attempt, waitingFor: 'no route' } });
    expect(tell(failing(2), now)).toEqual(['attempt 2: no route']);
    expect(tell(failing(2), now)).toEqual([]);
    expect(tell(failing(3), now)).toEqual(['attempt 3: no route']);
  });

  it('tells once that a step has stalled, and where', () => {
    const tell = createPlainTeller();
    tell(capture(), now);
    const stalled = capture({ activity: { ...half, stalledSince: ago(600) } });
    const told =
      'no progress since 2026-03-01 11:51:00 (UTC), at 50 %: the step goes on waiting; look at the disks and at its job';
    expect(tell(stalled, now)).toEqual([told]);
    expect(tell(stalled, now + 1_000)).toEqual([]);
  });

  it('tells what failed and what was taken back', () => {
    const tell = createPlainTeller();
    const steps = [
      step('2', 'Copy', { state: 'failed', error: 'the disk is gone' }),
      step('1', 'Claim', { state: 'undone' }),
    ];
    expect(tell(capture({ steps }), now).slice(1, 3)).toEqual([
      '2 Copy: failed (1s): the disk is gone',
      '1 Claim: taken back (1s)',
    ]);
  });
});
