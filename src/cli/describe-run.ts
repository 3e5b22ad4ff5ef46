import type { RunProgress } from '../client.ts';
import type { Evidence } from '../domain/plan.ts';
import { describePlace } from '../domain/slot-queue.ts';
import type { StepRecord } from '../domain/run.ts';
import { formatDuration, formatTime } from './amounts.ts';
import { answersTo, describeHold, describePower, headline, outcomeOf, replayOf, stateOf } from './run-words.ts';
import { fields } from './style.ts';

/** At most so many lines of evidence for a step; `--json` has all of it. */
const evidenceLines = 12;
const evidenceColumns = 110;

/** A run for a person: what it is, and each step with its times, attempts, evidence and error. */
export function describeRun(progress: RunProgress, address: string | undefined): string {
  const { run, steps } = progress;
  const replay = replayOf(progress);
  const ended = run.ended === undefined ? '' : `, ended ${formatTime(run.ended)}`;
  const head = fields([
    ['run', run.id],
    ['what', headline(run)],
    ['state', stateOf(progress)],
    ['outcome', outcomeOf(progress) ?? '-'],
    ...(progress.queue === undefined ? [] : [['waits', describePlace(progress.queue)]]),
    ...(progress.hold === undefined ? [] : [['waits', describeHold(progress.hold)]]),
    ...(progress.hold === undefined ? [] : [['answer', answersTo(progress.hold)]]),
    ...(replay === undefined ? [] : [['take it up', replay]]),
    ...(progress.hold?.power ?? []).map((power) => ['power', describePower(power)]),
    ['begun', `${formatTime(run.created)}${ended} (UTC)`],
    ...(run.requestKey === undefined ? [] : [['request key', run.requestKey]]),
    ...(address === undefined ? [] : [['in Temporal', address]]),
    ['input', JSON.stringify(run.input)],
  ]);
  return [head, '', ...steps.flatMap(describeStep)].join('\n').trimEnd();
}

function describeStep(step: StepRecord): readonly string[] {
  const { number, title, state, startedAt, endedAt, attempt, evidence, error } = step;
  const took = endedAt === undefined ? '' : `, took ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`;
  const attempts = attempt === 1 ? '' : `, attempt ${String(attempt)}`;
  return [
    `${number.padEnd(5)} ${title}`,
    `      ${state}, begun ${formatTime(startedAt)}${took}${attempts}`,
    ...(error === undefined ? [] : [`      error: ${error}`]),
    ...(evidence === undefined ? [] : boundedEvidence(evidence).map((line) => `      ${line}`)),
  ];
}

/** `key: value` lines, bounded in number and length. */
export function boundedEvidence(evidence: Evidence): readonly string[] {
  const lines = Object.entries(evidence).flatMap(([key, value]) => evidenceOf(key, value));
  const cut = lines.map((line) => (line.length > evidenceColumns ? `${line.slice(0, evidenceColumns - 1)}…` : line));
  if (cut.length <= evidenceLines) return cut;
  return [...cut.slice(0, evidenceLines), `… ${String(cut.length - evidenceLines)} more lines (--json has all)`];
}

function evidenceOf(key: string, value: Evidence[string]): readonly string[] {
  if (typeof value !== 'object' || value === null) return [`${key}: ${String(value)}`];
  const one = JSON.stringify(value);
  if (one.length + key.length < evidenceColumns) return [`${key}: ${one}`];
  if (!Array.isArray(value)) return [`${key}:`, ...JSON.stringify(value, undefined, 2).split('\n').slice(1, -1)];
  return [`${key}:`, ...value.map((item) => `  ${JSON.stringify(item)}`)];
}
