import { IntegrityError } from '../domain/errors.ts';
import type { JobState } from './job.ts';

/** What a job's host says of it. `outputSize` is in bytes; `outputTail` is absent when the asker has seen it already. */
export interface JobReport {
  readonly phase: JobState['phase'];
  readonly startedAt: string;
  readonly endedAt: string;
  readonly exitCode: number;
  readonly outputSize: number;
  readonly outputTail: string | undefined;
  readonly errorTail: string;
}

const PHASES: readonly JobState['phase'][] = ['absent', 'running', 'ended', 'lost'];

/** Reads what the job scripts print; what a login shell's start-up files printed before it is skipped. Throws IntegrityError. */
export function parseJobReport(text: string): JobReport {
  const lines = text.split('\n');
  const first = lines.lastIndexOf('imprint-job-report') + 1;
  const fields = new Map(lines.slice(first).map(keyAndRest));
  const phase = PHASES.find((name) => name === fields.get('phase'));
  if (first === 0 || phase === undefined) {
    throw new IntegrityError('could not read the report of a job', { evidence: { text: text.slice(0, 1000) } });
  }
  const [outputSize = '-1', outputTail] = fields.get('output')?.split(' ') ?? [];
  const [, errorTail = ''] = fields.get('error')?.split(' ') ?? [];
  return {
    phase,
    startedAt: fields.get('started') ?? '',
    endedAt: fields.get('ended') ?? '',
    exitCode: Number(fields.get('exit') ?? '-1'),
    outputSize: Number(outputSize),
    outputTail: outputTail === undefined ? undefined : decode(outputTail),
    errorTail: decode(errorTail),
  };
}

/** The state that a report describes; `seenTail` stands in for an output that was not sent again. */
export function stateOfReport(report: JobReport, seenTail = ''): JobState {
  const { phase, exitCode, startedAt, endedAt, outputTail = seenTail, errorTail } = report;
  switch (phase) {
    case 'absent':
      return { phase };
    case 'running':
      return { phase, outputTail, startedAt };
    case 'ended':
      return { phase, exitCode, outputTail, errorTail, startedAt, endedAt };
    case 'lost':
      return { phase, outputTail, errorTail };
  }
}

function keyAndRest(line: string): [string, string] {
  const at = line.indexOf(' ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
