import { log } from '@temporalio/activity';
import { DeadlineError } from '../domain/errors.ts';
import type { Evidence } from '../domain/plan.ts';
import { leaseOf } from './lease.ts';
import { stalledPulse, type Pulse } from './pulse.ts';
import { recordStep, type Recorder } from './step-record.ts';

/** Looks, with each heartbeat, whether measured work still moves. */
export interface StallWatch {
  look(): void;
  /** Why the attempt gave its work up, where the run waits for an operator if it stalls; the work itself goes on. */
  readonly given: DeadlineError | undefined;
  /** Looks no more; resolves when what was seen is written, so that nothing is written over what comes after. */
  close(): Promise<void>;
}

/**
 * Work that has not moved for `limitMs` is shown as stalled in the run's record, in the heartbeat and in the log, and goes on: a slow disk must not cost
 * hours of copying. Where the run waits for an operator in that case, only the waiting for it ends: a retry attaches to it again. An undo leaves
 * its step's record alone.
 */
export function watchForStall(recorder: Recorder, limitMs: number): StallWatch {
  let stalled = false;
  let closed = false;
  let given: DeadlineError | undefined;
  let writing: Promise<void> = Promise.resolve();
  const write = (evidence: Evidence): void => {
    if (recorder.input?.step.undo === true) return;
    writing = writing.then(async () => await recordStep(recorder, 'running', { evidence })).catch(() => undefined);
  };
  return {
    look: () => {
      if (closed) return;
      const pulse = stalledPulse(recorder.context, limitMs);
      if ((pulse !== undefined) === stalled) return;
      stalled = pulse !== undefined;
      tell(recorder, pulse, limitMs);
      if (pulse === undefined) return write({});
      const evidence = { stalled: sentenceOf(pulse, limitMs), since: pulse.movedAt ?? '' };
      if (recorder.input?.step.stallHolds !== true)
        return write({ ...evidence, stalled: `${evidence.stalled}; it goes on waiting` });
      given = new DeadlineError(`${pulse.what ?? 'the work'} has stalled: ${evidence.stalled}`, { evidence });
      leaseOf(recorder.context).giveUp(given);
    },
    get given() {
      return given;
    },
    close: async () => {
      closed = true;
      await writing;
    },
  };
}

function tell({ input }: Recorder, pulse: Pulse | undefined, limitMs: number): void {
  const which = { run: input?.run, step: input?.step.number };
  if (pulse === undefined) log.info('Step moves again', which);
  else log.warn('Step has stalled', { ...which, what: pulse.what, stalled: sentenceOf(pulse, limitMs) });
}

/** `no progress for 10 min, at 43 %` */
function sentenceOf({ fraction }: Pulse, limitMs: number): string {
  const at = fraction === undefined ? '' : `, at ${String(Math.floor(fraction * 100))} %`;
  const limit = limitMs < 60_000 ? `${String(limitMs / 1_000)} s` : `${String(limitMs / 60_000)} min`;
  return `no progress for ${limit}${at}`;
}
