import type { HeldPowerRecord, HoldRecord, RunProgress, Untaken } from '../client.ts';
import type { Progress } from '../domain/call-context.ts';
import { leftByEnd } from '../domain/ended-run.ts';
import { isFresh } from '../domain/check-in.ts';
import { describePlace } from '../domain/slot-queue.ts';
import type { JsonObject } from '../domain/plan.ts';
import type { RunRecord, StepRecord } from '../domain/run.ts';
import { formatBytes, formatDuration, formatTime } from './amounts.ts';
import { powerWords } from './power-words.ts';

/** What a run does, from its input: `Capture lab-07 as web`. */
export function headline(run: Pick<RunRecord, 'procedure' | 'node' | 'input'>): string {
  const { node, input } = run;
  switch (run.procedure) {
    case 'captureImage':
      return `Capture ${node} as ${text(input['image'])}`;
    case 'loadNode':
      return `Load ${imageOf(input)} onto ${node}`;
    case 'powerNode':
      return `Power ${text(input['action'])} ${node}`;
    case 'checkNode':
      return `Read the status of ${node}`;
    case 'unloadNode':
      return `Unload ${node}`;
    case 'freeNode':
      return `Release ${node}`;
    case 'reserveNode':
      return `Reserve ${node} for ${text(input['user'])}`;
    case 'reclaimNode':
      return `Reclaim ${node}`;
    case 'deleteRevision':
      return `Delete ${node}`;
    case 'loadFleet':
      return `Load ${imageOf(input)} onto ${String(namesIn(input['nodes']))} nodes`;
  }
}

function imageOf(input: JsonObject): string {
  return `${text(input['image'])}${input['revision'] === undefined ? '' : `@${text(input['revision'])}`}`;
}

function namesIn(nodes: unknown): number {
  return Array.isArray(nodes) ? nodes.length : 0;
}

/** How the run stands: the catalog's word, unless Temporal knows of an end that the catalog could not be told. */
export function stateOf({ run, status, hold }: Pick<RunProgress, 'run' | 'status' | 'hold'>): string {
  if (run.state === 'running' && status === 'RUNNING') return hold === undefined ? run.state : wordOf(hold);
  if (run.state !== 'running') return run.state;
  return status === 'GONE' ? 'lost' : status.toLowerCase().replaceAll('_', '-');
}

/** What came of the run, in one sentence; undefined while it runs. */
export function outcomeOf(progress: Pick<RunProgress, 'run' | 'status'>): string | undefined {
  const { run, status } = progress;
  if (run.outcome !== undefined) return run.outcome;
  if (status === 'RUNNING') return undefined;
  if (status === 'GONE') return 'Temporal does not know this run (any more); what became of it is not recorded';
  return `the run was ended in Temporal (${stateOf(progress)}): ${leftByEnd(run)}`;
}

/** The step that is carried out now; undefined between steps, and once the run has ended. */
export function currentStep({ steps, status }: Pick<RunProgress, 'steps' | 'status'>): StepRecord | undefined {
  return status === 'RUNNING' ? steps.findLast(({ state }) => state === 'running') : undefined;
}

/** How far the step under way is: 0 to 1; undefined while unknown. */
export function fractionOf(progress: Progress): number | undefined {
  const { fraction, bytesDone, bytesTotal } = progress;
  const known = fraction ?? (bytesDone !== undefined && bytesTotal ? bytesDone / bytesTotal : undefined);
  return known === undefined ? undefined : Math.min(1, Math.max(0, known));
}

/** `52 %`, `6.4 GiB of 12.4 GiB`, `160 MiB/s`, `38s left`: as much of it as is known. The rate is the average since the step began. */
export function progressWords(progress: Progress, elapsedMs: number): readonly string[] {
  const { bytesDone, bytesTotal } = progress;
  const fraction = fractionOf(progress);
  const seconds = elapsedMs / 1_000;
  return [
    ...(fraction === undefined ? [] : [`${String(Math.floor(fraction * 100))} %`]),
    ...(bytesDone === undefined
      ? []
      : [bytesTotal ? `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}` : formatBytes(bytesDone)]),
    ...(bytesDone === undefined || seconds < 1 ? [] : [`${formatBytes(bytesDone / seconds)}/s`]),
    ...(fraction === undefined || fraction < 0.01 || seconds < 1
      ? []
      : [`${formatDuration((elapsedMs / fraction) * (1 - fraction))} left`]),
  ];
}

/** Why a run that is under way does nothing that can be seen; undefined when it does. */
export function waitingFor(progress: RunProgress, now: number): string | undefined {
  if (progress.status !== 'RUNNING') return undefined;
  if (progress.hold !== undefined) return `${describeHold(progress.hold)}; answer: ${answersTo(progress.hold)}`;
  if (progress.queue !== undefined) return describePlace(progress.queue);
  const { attempt = 1, waitingFor: failure, stalledSince, untaken } = progress.activity ?? {};
  if (untaken !== undefined) return awaited(untaken, now);
  if (stalledSince !== undefined) return stalled(stalledSince, progress.activity?.progress);
  if (failure !== undefined) return `attempt ${String(attempt)}: ${failure}`;
  if (currentStep(progress) !== undefined) return undefined;
  const latest = progress.steps
    .map(({ endedAt, startedAt }) => endedAt ?? startedAt)
    .sort()
    .at(-1);
  if (now - Date.parse(latest ?? progress.run.created) < workerMissedMs) return undefined;
  return latest === undefined
    ? 'no worker has taken the run up yet; is one running (imprint worker)?'
    : 'no worker has taken the next step up yet, or steps are being taken back';
}

/** `held`, `stuck`, `paused`: whether it was parked meanwhile is said where the hold is described. */
function wordOf({ kind }: HoldRecord): string {
  return kind === 'failed' ? 'held' : kind;
}

/** `held since 2026-11-23 10:15:00 (UTC) at step 5.5: no space left` */
export function describeHold(hold: HoldRecord): string {
  const parked = hold.parkedSince === undefined ? '' : `, parked since ${formatTime(hold.parkedSince)}`;
  return `${wordOf(hold)} since ${formatTime(hold.since)} (UTC)${parked} at step ${hold.step}: ${hold.reason}`;
}

/** `off --force by bob (to be sure): off (shutdown)` */
export function describePower({ action, force, by, reason, reading, error }: HeldPowerRecord): string {
  const came = reading === undefined ? (error ?? 'under way') : powerWords(reading);
  return `${action}${force ? ' --force' : ''} by ${by} (${reason}): ${came}`;
}

/** Commands to copy. */
export function answersTo({ answers, run }: HoldRecord): string {
  return answers.map((answer) => `imprint runs ${answer} ${run}`).join(', or ');
}

/** The command that takes a capture up again which has left its node to be looked at; undefined where there is nothing to take up. */
export function replayOf({ run, steps, status }: Pick<RunProgress, 'run' | 'steps' | 'status'>): string | undefined {
  const left = status !== 'RUNNING' && status !== 'COMPLETED' && run.state !== 'completed';
  const published = steps.some(({ number, state }) => number === '7.1' && state === 'done');
  if (run.procedure !== 'captureImage' || !left || published) return undefined;
  return steps.some(({ number }) => number.startsWith('5.')) ? `imprint runs replay ${run.id}` : undefined;
}

function awaited({ since, managementNode, lastCheckIn }: Untaken, now: number): string {
  const heard =
    lastCheckIn === undefined ? 'has never been heard of' : `was last heard of at ${formatTime(lastCheckIn)}`;
  if (lastCheckIn !== undefined && isFresh((now - Date.parse(lastCheckIn)) / 1_000)) {
    return `waiting since ${formatTime(since)} (UTC) for a free slot of management node ${managementNode}`;
  }
  return `waiting since ${formatTime(since)} (UTC) for management node ${managementNode}, which ${heard}; is its worker running?`;
}

/** Without a duration, so that it is told once where lines are not replaced. */
function stalled(since: string, made: Progress | undefined): string {
  const fraction = made && fractionOf(made);
  const at = fraction === undefined ? '' : `, at ${String(Math.floor(fraction * 100))} %`;
  return `no progress since ${formatTime(since)} (UTC)${at}: the step goes on waiting; look at the disks and at its job`;
}

/** A worker that is there takes work up within a fraction of a second; a busy machine gets more. */
const workerMissedMs = 8_000;

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
}
