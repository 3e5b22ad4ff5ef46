import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import { RunFailedError, type RunHandle, type RunProgress } from '../client.ts';
import type { StepRecord } from '../domain/run.ts';
import type { Proof } from './parts.ts';

/** Where the story is told. */
export type Say = (line: string) => void;

/** How a run is told. `told` remembers what was said, so that a run that is followed again goes on where the telling stopped. */
export interface Telling {
  readonly say: Say;
  readonly told: Set<string>;
  until?(progress: RunProgress): boolean;
}

/** A progress line at least this often while a step goes on. */
const progressEveryMs = 5_000;

/**
 * Tells a run step by step until it has ended, or until `until` says that enough was seen. Leaving early leaves the run alone.
 */
export async function follow(run: RunHandle<unknown>, { say, told, until }: Telling): Promise<RunProgress | undefined> {
  let lastProgress = Date.now();
  let latest: RunProgress | undefined;
  for await (const progress of run.watch()) {
    latest = progress;
    for (const step of progress.steps) tellStep(step, told, say);
    if (progress.activity?.progress && Date.now() - lastProgress >= progressEveryMs) {
      say(`      ${describeProgress(progress)}`);
      lastProgress = Date.now();
    }
    if (until?.(progress) === true) return progress;
  }
  return latest;
}

/** Tells a run to its end, and throws what it failed with. Returns its id. */
export async function complete(run: RunHandle<unknown>, say: Say, told = new Set<string>()): Promise<string> {
  await follow(run, { say, told });
  await run.result();
  return run.id;
}

/** Tells a run that must not complete, and says why it did not. */
export async function refused(run: RunHandle<unknown>, say: Say): Promise<string> {
  await follow(run, { say, told: new Set() });
  try {
    await run.result();
    return 'it was carried out';
  } catch (error) {
    if (!(error instanceof RunFailedError)) throw error;
    return error.message.replace(`run ${run.id} failed: `, '');
  }
}

export function heading(say: Say, text: string): void {
  say('');
  say(text);
}

/** Says of each thing that was looked at whether it is as it must be. */
export function tellProofs(proofs: readonly Proof[], say: Say): void {
  for (const { holds, what, found } of proofs) say(`   ${holds ? '✔' : '✘'} ${what}: ${found}`);
}

function tellStep(step: StepRecord, told: Set<string>, say: Say): void {
  const key = `${step.number} ${step.state}`;
  if (told.has(key) || step.state === 'running') return;
  told.add(key);
  say(
    `   ${mark(step)} ${step.number.padEnd(4)} ${step.title}${durationOf(step)}${step.error ? `: ${step.error}` : ''}`,
  );
}

function mark(step: StepRecord): string {
  if (step.state === 'done') return '✔';
  return step.state === 'undone' ? '↶' : '✘';
}

function durationOf(step: StepRecord): string {
  if (step.endedAt === undefined) return '';
  return ` (${prettyMilliseconds(Date.parse(step.endedAt) - Date.parse(step.startedAt), { secondsDecimalDigits: 1 })})`;
}

export function describeProgress({ activity }: RunProgress): string {
  const progress = activity?.progress;
  if (progress === undefined) return '';
  const parts = [
    ...(progress.fraction === undefined ? [] : [`${(progress.fraction * 100).toFixed(0)} %`]),
    ...(progress.bytesDone === undefined || progress.bytesTotal === undefined
      ? []
      : [
          `${prettyBytes(progress.bytesDone, { binary: true })} of ${prettyBytes(progress.bytesTotal, { binary: true })}`,
        ]),
  ];
  return parts.length === 0 ? progress.what : `${progress.what}: ${parts.join(', ')}`;
}
