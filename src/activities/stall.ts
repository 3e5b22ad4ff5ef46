import { log } from '@temporalio/activity';
import type { Evidence } from '../domain/plan.ts';
import { stalledPulse, type Pulse } from './pulse.ts';
import { recordStep, type Recorder } from './step-record.ts';

/** Looks, with each heartbeat, whether measured work still moves. */
export interface StallWatch {
  look(): void;
  /** Looks no more; resolves when what was seen is written, so that nothing is written over what comes after. */
  close(): Promise<void>;
}

/**
 * Work that has not moved for `limitMs` is shown as stalled in the run's record, in the heartbeat and in the log, and goes on: a slow disk must not cost
 * hours of copying. An undo leaves its step's record alone.
 */
export function watchForStall(recorder: Recorder, limitMs: number): StallWatch {
  let stalled = false;
  let closed = false;
  let writing: Promise<void> = Promise.resolve();
  const write = (evidence: Evidence | undefined): void => {
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
      write(pulse && { stalled: sentenceOf(pulse, limitMs), since: pulse.movedAt ?? '' });
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

/** `no progress for 10 min, at 43 %; it goes on waiting` */
function sentenceOf({ fraction }: Pulse, limitMs: number): string {
  const at = fraction === undefined ? '' : `, at ${String(Math.floor(fraction * 100))} %`;
  const limit = limitMs < 60_000 ? `${String(limitMs / 1_000)} s` : `${String(limitMs / 60_000)} min`;
  return `no progress for ${limit}${at}; it goes on waiting`;
}
