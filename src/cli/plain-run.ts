import type { RunProgress } from '../client.ts';
import type { StepRecord } from '../domain/run.ts';
import { formatDuration } from './amounts.ts';
import { currentStep, headline, progressWords, waitingFor } from './run-words.ts';

/** How often the progress of one step is told where lines cannot be replaced. */
const progressEveryMs = 10_000;

const words: Readonly<Record<Exclude<StepRecord['state'], 'running'>, string>> = {
  done: 'done',
  failed: 'failed',
  undone: 'taken back',
  'undo-failed': 'could not be taken back',
};

/** Tells a run in lines that are never replaced: what is new since the last call. `now` in ms. */
export function createPlainTeller(): (progress: RunProgress, now: number) => readonly string[] {
  const told = new Set<string>();
  let progressTold = 0;
  let waitingTold: string | undefined;

  function once(key: string, line: string): readonly string[] {
    if (told.has(key)) return [];
    told.add(key);
    return [line];
  }

  function progressLine(progress: RunProgress, step: StepRecord, now: number): readonly string[] {
    const made = progress.activity?.progress;
    if (made === undefined || now - progressTold < progressEveryMs) return [];
    const facts = progressWords(made, now - Date.parse(step.startedAt));
    if (facts.length === 0) return [];
    progressTold = now;
    return [`${step.number} ${facts.join(', ')}`];
  }

  function waitingLine(progress: RunProgress, now: number): readonly string[] {
    const waiting = waitingFor(progress, now);
    if (waiting === waitingTold) return [];
    waitingTold = waiting;
    return waiting === undefined ? [] : [waiting];
  }

  return (progress, now) => {
    const current = currentStep(progress);
    if (current !== undefined && !told.has(`${current.number} running`)) progressTold = now;
    return [
      ...once('headline', `${headline(progress.run)} (run ${progress.run.id})`),
      ...progress.steps.flatMap((step) => once(`${step.number} ${step.state}`, stepLine(step))),
      ...(current === undefined ? [] : progressLine(progress, current, now)),
      ...waitingLine(progress, now),
    ];
  };
}

function stepLine(step: StepRecord): string {
  const name = `${step.number} ${step.title}`;
  if (step.state === 'running') return `${name} …`;
  const took =
    step.endedAt === undefined ? '' : ` (${formatDuration(Date.parse(step.endedAt) - Date.parse(step.startedAt))})`;
  return `${name}: ${words[step.state]}${took}${step.error === undefined ? '' : `: ${step.error}`}`;
}
