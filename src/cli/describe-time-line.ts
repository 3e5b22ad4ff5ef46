import type { HistoryFailure } from '../client/history/failure.ts';
import type { HistoryRequest } from '../client/history/requests.ts';
import type { HistoryStep, TimeLine } from '../client/history/time-line.ts';
import type { Json } from '../domain/plan.ts';
import { formatDuration, formatTime } from './amounts.ts';
import { boundedEvidence } from './describe-run.ts';
import { fields } from './style.ts';

/** What a history tells, for a person: the run, then what was done in the order in which it began, and what was asked of the run meanwhile. */
export function describeTimeLine(timeLine: TimeLine): string {
  const { run, workflow, state, begun, ended, failure, steps, requests } = timeLine;
  const head = fields([
    ['run', run ?? '-'],
    ['what', workflow],
    ['state', failure === undefined ? state : `${state}: ${describeFailure(failure)}`],
    ['begun', `${formatTime(begun)}${ended === undefined ? '' : `, ended ${formatTime(ended)}`} (UTC)`],
  ]);
  const told = [
    ...steps.map((step) => ({ eventId: step.eventId, lines: describeStep(step) })),
    ...requests.map((request) => ({ eventId: request.eventId, lines: describeRequest(request) })),
  ].sort((one, other) => one.eventId - other.eventId);
  return [head, '', ...told.flatMap(({ lines }) => lines)].join('\n');
}

/** `5.5 Copy vda of lab-07 (carryOutCaptureStep)` */
export function nameOfStep({ number, title, what, undo }: HistoryStep): string {
  return `${number ?? '-'} ${title} (${what}${undo === true ? ', taken back' : ''})`;
}

function describeStep(step: HistoryStep): readonly string[] {
  const { number = '-', title, undo, what, state, begun, durationMs, attempts = 1 } = step;
  const took = durationMs === undefined ? '' : `, took ${formatDuration(durationMs)}`;
  const tries = attempts === 1 ? '' : `, attempt ${String(attempts)}`;
  const done = undo === true ? `${state} (taken back)` : state;
  return [
    `${number.padEnd(5)} ${title}`,
    `      ${done}, begun ${formatTime(begun)}${took}${tries}; event ${String(step.eventId)}, ${what}`,
    ...failureLines('failed with', step.failure),
    ...failureLines('the attempt before failed with', step.lastFailure),
    ...evidenceLines(step.evidence),
  ];
}

function failureLines(what: string, failure: HistoryFailure | undefined): readonly string[] {
  return failure === undefined ? [] : [`      ${what} ${describeFailure(failure)}`, ...evidenceLines(failure.evidence)];
}

function describeFailure({ type, message }: HistoryFailure): string {
  return type === undefined ? message : `${type}: ${message}`;
}

function evidenceLines(evidence: Json | undefined): readonly string[] {
  if (evidence === undefined || evidence === null) return [];
  const isObject = typeof evidence === 'object' && !Array.isArray(evidence);
  const lines = boundedEvidence(isObject ? (evidence as Record<string, Json>) : { answer: evidence });
  return lines.map((line) => `      ${line}`);
}

function describeRequest({ eventId, at, what }: HistoryRequest): readonly string[] {
  return [`·     ${what} was asked for at ${formatTime(at)}; event ${String(eventId)}`];
}
