import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  TemporalFailure,
  log,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunState } from '../domain/run.ts';
import { catalog } from './activities.ts';
import { sentenceOf } from './failure-sentence.ts';
import { isDisowned } from './holdable.ts';
import { recordSearchAttributes } from './record-search-attributes.ts';
import type { Steps } from './steps.ts';

/** The failure type of a run in which an undo gave up: an operator must look at what it names. */
export const undoFailed = 'UndoFailed';

/**
 * Carries out a procedure, and takes its steps back when it fails or is cancelled. Whether it was cancelled is read from the root
 * scope: with the management node away the step fails with a heartbeat time-out, not with a cancellation.
 */
export async function runProcedure<T>(steps: Steps, body: () => Promise<T>): Promise<T> {
  const root = CancellationScope.current();
  try {
    return await body();
  } catch (error) {
    // Anything that is no Temporal failure is a bug in this code: the workflow task is tried again until it is mended.
    if (!(error instanceof TemporalFailure)) throw error;
    // What this run no longer owns it leaves alone, above all the node of another run.
    if (isDisowned(error)) throw error;
    const cancelled = root.consideredCancelled;
    log.info('Run is being unwound', { cancelled, reason: sentenceOf(error) });
    await steps.unwind();
    await recordOutcome(steps, cancelled ? 'cancelled' : 'failed', outcomeSentence(error, cancelled, steps));
    throw failureOf(error, cancelled, steps);
  }
}

/** Records what came of the run; shielded, so that a cancellation does not leave a run without its outcome. */
export async function recordOutcome(steps: Steps, state: Exclude<RunState, 'running'>, outcome: string): Promise<void> {
  steps.conclude(`**${state}:** ${outcome}`);
  recordSearchAttributes({ ImprintOutcome: state });
  await CancellationScope.nonCancellable(async () => {
    await catalog('Record the outcome').recordOutcome({ run: workflowInfo().workflowId, state, outcome });
  });
}

function failureOf(error: TemporalFailure, cancelled: boolean, steps: Steps): TemporalFailure {
  const { stuck } = steps;
  if (stuck.length > 0) {
    const message = outcomeSentence(error, cancelled, steps);
    return ApplicationFailure.create({
      type: undoFailed,
      message,
      nonRetryable: true,
      details: [{ stuck }],
      cause: error,
    });
  }
  return cancelled ? new CancelledFailure('run was cancelled') : error;
}

function outcomeSentence(error: TemporalFailure, cancelled: boolean, { stays, stuck }: Steps): string {
  const left = stuck.length === 0 ? [] : [`could not be undone: ${stuck.join(', ')}`];
  return [cancelled ? 'cancelled' : sentenceOf(error), ...stays, ...left].join('; ');
}
