import { describe, expect, it } from 'vitest';
import { renderRun } from '../../../src/cli/render-run.ts';
import { ago, capture, half, now, runningStep, step } from './runs-at-one-moment.ts';

describe('a run at a terminal', () => {
  it('is a headline, and a line for each step with its mark, number, title and duration', () => {
    const lines = renderRun(capture(), now, 100);
    expect(lines).toEqual([
      'Capture lab-07 as web',
      ' ✔ 1     Claim lab-07                        1s',
      ' ⠋ 5.5   Copy vda of lab-07 (10.0 GiB)      40s',
    ]);
  });

  it('has a bar with percentage, bytes, rate and what is left below the step under way', () => {
    const lines = renderRun(capture({ activity: half }), now, 100);
    expect(lines.at(-1)).toBe('         ████████████░░░░░░░░░░░░ 50 %  5 GiB of 10 GiB  128 MiB/s  40s left');
  });

  it('has no bar where nobody knows how much there is to do', () => {
    const activity = { attempt: 1, progress: { what: 'Hash vda.qcow2', bytesDone: 40 * 1024 ** 2 } };
    expect(renderRun(capture({ activity }), now, 100).at(-1)).toBe('         Hash vda.qcow2  40 MiB  1 MiB/s');
  });

  it('never draws beyond the bar, whatever a job reports', () => {
    const activity = { attempt: 1, progress: { what: 'Copy', bytesDone: 30, bytesTotal: 10 } };
    expect(renderRun(capture({ activity }), now, 100).at(-1)).toContain('████████████████████████ 100 %');
  });

  it('says why the step is tried again', () => {
    const activity = { attempt: 3, waitingFor: 'kvm-01 does not answer' };
    expect(renderRun(capture({ activity }), now, 100).at(-1)).toBe('         attempt 3: kvm-01 does not answer');
  });

  it('says that no worker has taken it up, but only after a while', () => {
    const waiting = capture({ steps: [] });
    expect(renderRun(waiting, now, 100).at(-1)).toContain('is one running (imprint worker)?');
    const young = { ...waiting, run: { ...waiting.run, created: ago(1) } };
    expect(renderRun(young, now, 100)).toEqual(['Capture lab-07 as web']);
  });

  it('marks what failed with its error, what was taken back, and what was cut when the run ended', () => {
    const steps = [
      step('1', 'Claim', { state: 'undone' }),
      step('2', 'Copy', { state: 'failed', error: 'the disk is gone' }),
      step('3', 'Staging', { state: 'undo-failed' }),
      runningStep('4', 'Hash', 5),
    ];
    const lines = renderRun(capture({ steps, status: 'FAILED' }), now, 100);
    expect(lines.map((line) => line.trim()[0])).toEqual(['C', '↩', '✖', 't', '‼', '◌']);
    expect(lines[3]).toBe('         the disk is gone');
  });

  it('moves its spinner with the time', () => {
    const marks = [0, 100, 200].map((ms) => renderRun(capture(), now + ms, 100)[2]?.[1]);
    expect(new Set(marks).size).toBe(3);
  });

  it.each([40, 60, 100])('fits into %i columns', (width) => {
    const long = 'x'.repeat(200);
    const steps = [step('1', long, { error: `${long}\n${long}` }), runningStep('5.10', long, 3)];
    const activity = { ...half, attempt: 2, waitingFor: long };
    const lines = renderRun(capture({ steps, activity }), now, width);
    expect(lines.every((line) => line.length <= width && !line.includes('\n'))).toBe(true);
    expect(lines).toHaveLength(6);
  });
});
