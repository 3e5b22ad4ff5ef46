import type { Context } from '@temporalio/activity';
import type { Progress } from '../domain/call-context.ts';
import { leaseOf } from './lease.ts';

/** What an activity says with each heartbeat. Temporal keeps the latest one, so that the next attempt learns it. */
export interface Pulse extends Partial<Progress> {
  /** How many attempts so far were answered with an error; those that merely lost their worker do not count. */
  readonly failedTries: number;
  /** When measured work was last seen to move, ISO 8601; absent where nothing is measured. */
  readonly movedAt?: string;
  /** The same, while that is longer ago than the worker's limit. */
  readonly stalledSince?: string;
}

const latest = new WeakMap<Context, Pulse>();
/** Those that said themselves how far they are: what the attempt before them said may be long ago. */
const measuring = new WeakSet<Context>();

/** Says that the activity is alive, with its latest progress: a silent command does not hide it. */
export function beat(context: Context, progress?: Progress): void {
  leaseOf(context).renew();
  say(context, progress === undefined ? latestPulse(context) : moved(latestPulse(context), progress));
  if (progress !== undefined) measuring.add(context);
}

/** Counts this attempt as one that was answered with an error, and returns how many there were. */
export function countFailedTry(context: Context): number {
  const pulse = latestPulse(context);
  const failedTries = pulse.failedTries + 1;
  say(context, { ...pulse, failedTries });
  return failedTries;
}

/** The pulse of work that has not moved for longer than `limitMs`, which says so from now on; undefined while it moves. */
export function stalledPulse(context: Context, limitMs: number): Pulse | undefined {
  const pulse = latestPulse(context);
  const { movedAt } = pulse;
  if (movedAt === undefined || !measuring.has(context) || Date.now() - Date.parse(movedAt) < limitMs) return undefined;
  const stalled = { ...pulse, stalledSince: movedAt };
  say(context, stalled);
  return stalled;
}

function say(context: Context, pulse: Pulse): void {
  latest.set(context, pulse);
  context.heartbeat(pulse);
}

/** An attempt that has said nothing yet goes on from what the one before it said last. */
function latestPulse(context: Context): Pulse {
  const before = context.info.heartbeatDetails as Partial<Pulse> | undefined;
  return latest.get(context) ?? { ...before, failedTries: before?.failedTries ?? 0 };
}

/** Work that is where it was keeps the time at which it moved, also when another attempt watches it now. */
function moved(before: Pulse, progress: Progress): Pulse {
  const { failedTries, movedAt, stalledSince } = before;
  const measure = measureOf(progress);
  if (measure === undefined) return { ...progress, failedTries };
  if (measure !== measureOf(before) || movedAt === undefined) {
    return { ...progress, failedTries, movedAt: new Date().toISOString() };
  }
  return { ...progress, failedTries, movedAt, ...(stalledSince === undefined ? {} : { stalledSince }) };
}

/** How far measured work is, to be compared; undefined for what only says that it waits, which has a time limit of its own. */
function measureOf({ job, fraction, bytesDone }: Partial<Progress>): string | undefined {
  if (job === undefined && fraction === undefined && bytesDone === undefined) return undefined;
  return JSON.stringify([job, fraction, bytesDone]);
}
