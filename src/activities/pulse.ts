import type { Context } from '@temporalio/activity';
import type { Progress } from '../domain/call-context.ts';

/** What an activity says with each heartbeat. Temporal keeps the latest one, so that the next attempt learns it. */
export interface Pulse extends Partial<Progress> {
  /** How many attempts so far were answered with an error; those that merely lost their worker do not count. */
  readonly failedTries: number;
}

const latest = new WeakMap<Context, Pulse>();

/** Says that the activity is alive, with its latest progress: a silent command does not hide it. */
export function beat(context: Context, progress?: Progress): void {
  const pulse = { ...latestPulse(context), ...progress };
  latest.set(context, pulse);
  context.heartbeat(pulse);
}

/** Counts this attempt as one that was answered with an error, and returns how many there were. */
export function countFailedTry(context: Context): number {
  const { failedTries, ...progress } = latestPulse(context);
  const pulse = { ...progress, failedTries: failedTries + 1 };
  latest.set(context, pulse);
  context.heartbeat(pulse);
  return pulse.failedTries;
}

/** An attempt that has said nothing yet goes on from what the one before it said last. */
function latestPulse(context: Context): Pulse {
  const before = context.info.heartbeatDetails as Partial<Pulse> | undefined;
  return latest.get(context) ?? { ...before, failedTries: before?.failedTries ?? 0 };
}
