import { describe, expect, it } from 'vitest';
import { IntegrityError } from '../../../src/domain/errors.ts';
import { parseJobReport, stateOfReport } from '../../../src/remote/job-report.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the report of a job', () => {
  it('says that there is none', () => {
    expect(stateOfReport(parseJobReport('imprint-job-report\nphase absent\n'))).toEqual({ phase: 'absent' });
  });

  it('of a running job carries the tail of its output', () => {
    const text = `imprint-job-report\nphase running\nstarted 2026-01-02T03:04:05Z\noutput 17 ${base64('(12.00/100%)\r\n')}\n`;

    const report = parseJobReport(text);

    expect(report.outputSize).toBe(17);
    expect(stateOfReport(report)).toEqual({
      phase: 'running',
      outputTail: '(12.00/100%)\r\n',
      startedAt: '2026-01-02T03:04:05Z',
    });
  });

  it('keeps the tail that was seen before when the size has not changed', () => {
    const report = parseJobReport('imprint-job-report\nphase running\nstarted 2026-01-02T03:04:05Z\noutput 17\n');

    expect(stateOfReport(report, 'seen')).toMatchObject({ phase: 'running', outputTail: 'seen' });
  });

  it('of an ended job carries its exit status and both outputs', () => {
    const text = [
      'imprint-job-report',
      'phase ended',
      'started 2026-01-02T03:04:05Z',
      'exit 4',
      'ended 2026-01-02T03:05:05Z',
      'output 0 ',
      `error 4 ${base64('bad\n')}`,
      '',
    ].join('\n');

    expect(stateOfReport(parseJobReport(text))).toEqual({
      phase: 'ended',
      exitCode: 4,
      outputTail: '',
      errorTail: 'bad\n',
      startedAt: '2026-01-02T03:04:05Z',
      endedAt: '2026-01-02T03:05:05Z',
    });
  });

  it('is found behind what a login shell printed first', () => {
    expect(parseJobReport('Welcome!\nphase unknown\nimprint-job-report\nphase lost\n').phase).toBe('lost');
  });

  it.each(['', 'phase running\n', 'imprint-job-report\nphase sleeping\n'])('is refused when it is none: %j', (text) => {
    expect(() => parseJobReport(text)).toThrow(IntegrityError);
  });
});
