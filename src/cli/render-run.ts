import type { RunProgress } from '../client.ts';
import type { StepRecord } from '../domain/run.ts';
import { formatDuration } from './amounts.ts';
import { currentStep, fractionOf, headline, progressWords, waitingFor } from './run-words.ts';

const marks: Readonly<Record<Exclude<StepRecord['state'], 'running'>, string>> = {
  done: '✔',
  failed: '✖',
  undone: '↩',
  'undo-failed': '‼',
};
const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const spinnerMs = 100;

/** Columns of the bar, of a step's number and of a duration. */
const barWidth = 24;
const numberWidth = 5;
const durationWidth = 8;
const indent = ' '.repeat(numberWidth + 4);

/** A run as lines of at most `width` columns: its steps with marks and durations, and below the step under way how far it is. `now` in ms. */
export function renderRun(progress: RunProgress, now: number, width: number): string[] {
  const current = currentStep(progress);
  const titleWidth = Math.max(10, width - indent.length - durationWidth - 1);
  const longest = Math.max(0, ...progress.steps.map(({ title }) => title.length));
  const columns = { now, title: Math.min(titleWidth, longest), running: progress.status === 'RUNNING' };
  const steps = progress.steps.flatMap((step) => [
    stepLine(step, columns),
    ...(step === current ? progressLines(progress, step, now) : []),
    ...(step.error === undefined ? [] : [`${indent}${step.error}`]),
  ]);
  const waiting = waitingFor(progress, now);
  const lines = [headline(progress.run), ...steps, ...(waiting === undefined ? [] : [`${indent}${waiting}`])];
  return lines.map((line) => clip(line, width));
}

interface Columns {
  readonly now: number;
  readonly title: number;
  readonly running: boolean;
}

function stepLine(step: StepRecord, columns: Columns): string {
  const ended = step.endedAt === undefined ? (columns.running ? columns.now : undefined) : Date.parse(step.endedAt);
  const duration = ended === undefined ? '' : formatDuration(ended - Date.parse(step.startedAt));
  const title = clip(step.title, columns.title).padEnd(columns.title);
  return ` ${markOf(step, columns)} ${step.number.padEnd(numberWidth)} ${title} ${duration.padStart(durationWidth)}`;
}

/** A step that nobody carries out any more, in a run that has ended, was cut. */
function markOf({ state }: StepRecord, { running, now }: Columns): string {
  if (state !== 'running') return marks[state];
  return running ? (spinner[Math.floor(now / spinnerMs) % spinner.length] ?? '⠋') : '◌';
}

function progressLines({ activity }: RunProgress, step: StepRecord, now: number): readonly string[] {
  const progress = activity?.progress;
  if (progress === undefined) return [];
  const words = progressWords(progress, now - Date.parse(step.startedAt));
  const fraction = fractionOf(progress);
  if (fraction !== undefined) return [`${indent}${bar(fraction)} ${words.join('  ')}`];
  return progress.what === step.title && words.length === 0 ? [] : [`${indent}${[progress.what, ...words].join('  ')}`];
}

function bar(fraction: number): string {
  const full = Math.floor(fraction * barWidth);
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
}

function clip(line: string, width: number): string {
  const one = line.replaceAll(/\s*\n\s*/g, ' ');
  return one.length <= width ? one : `${one.slice(0, Math.max(0, width - 1))}…`;
}
