import type { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure, TemporalFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { Catalog } from '../catalog/catalog.ts';
import {
  ImprintError,
  NotReadyError,
  OutcomeUnknownError,
  QueuedError,
  UnavailableError,
  errorChain,
} from '../domain/errors.ts';
import type { Evidence } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { leaseOf } from './lease.ts';
import { beat, countFailedTry } from './pulse.ts';
import { watchForStall, type StallWatch } from './stall.ts';
import { evidenceOf, recordStep, stepOf, type Recorder } from './step-record.ts';

/** How often an activity says that it is alive; several times within the heartbeat time-out of workflows/activity-options.ts. */
const aliveEveryMs = 2_000;

/**
 * After this many tries an error that a retry could mend is given up: with the intervals of workflows/activity-options.ts that is a
 * minute and a half of trying where a command says no, and ten minutes where nobody answers, which is what a host takes to restart.
 * Attempts that lost their worker do not count.
 */
const triesMax = { refused: 8, unanswered: 25 } as const;

export interface BoundaryOptions {
  /** After so long without progress, in milliseconds, measured work is shown as stalled, and waited for no longer where its run may hold; its job goes on. */
  readonly stallAfterMs: number;
}

/**
 * What stands between Temporal and every activity: liveness, the lease, the record of steps, stalls, and the translation of errors.
 */
export function createBoundary(
  catalog: Catalog,
  { stallAfterMs }: BoundaryOptions,
): (context: Context) => { inbound: ActivityInboundCallsInterceptor } {
  return (context) => ({
    inbound: {
      execute: async (input, next) => {
        const recorder: Recorder = { catalog, context, input: stepOf(input.args[0]) };
        const stall = watchForStall(recorder, stallAfterMs);
        const stop = showLife(context, stall);
        try {
          return await carryOut(recorder, stall, async () => await next(input));
        } catch (error) {
          await stall.close();
          throw await failureOf(recorder, stall.given ?? error);
        } finally {
          stop();
        }
      },
    },
  });
}

/**
 * Heartbeats, and with each a look at how the work goes, until the function is called that it returns. The start itself is known to the server:
 * what ends before the first one costs it no write.
 */
function showLife(context: Context, stall: StallWatch): () => void {
  leaseOf(context);
  const timer = setInterval(() => {
    beat(context);
    stall.look();
  }, aliveEveryMs);
  return () => clearInterval(timer);
}

/** An undo leaves in the record what its step failed with, and the step's own times. */
async function carryOut(recorder: Recorder, stall: StallWatch, act: () => Promise<unknown>): Promise<unknown> {
  const { catalog, input } = recorder;
  const undo = input?.step.undo === true;
  if (undo) await catalog.runs.refuseOver(input.run);
  else await recordStep(recorder, 'running');
  const result = await act();
  await stall.close();
  // What was done by an attempt that lost its lease is found by the next one, which records it.
  if (leaseOf(recorder.context).lapsed) throw detached(recorder.context);
  await recordStep(recorder, undo ? 'undone' : 'done', { evidence: evidenceOf(result) });
  return result;
}

async function failureOf(recorder: Recorder, error: unknown): Promise<unknown> {
  const { context, input: step } = recorder;
  if (leaseOf(context).detached) return detached(context);
  if (error instanceof TemporalFailure) return error;
  if (error instanceof QueuedError) return toQueued(error);
  const tries = countFailedTry(context);
  const final = isForGood(error) || (tries >= mostTries(error) && mayGiveUp(step));
  if (final) {
    const state = step?.step.undo ? 'undo-failed' : 'failed';
    const evidence = error instanceof ImprintError ? (error.evidence as Evidence) : {};
    // The record of a run that is over, or of a node that is another's, stays as it is.
    if (evidence['disowned'] !== true)
      await recordStep(recorder, state, { evidence, error: errorChain(error) }).catch(() => undefined);
  }
  return toApplicationFailure(error, final);
}

/** Waiting for one's turn may take hours and is no failing try; the activity takes no place of a worker meanwhile. */
function toQueued({ name, message, evidence, againAfterMs }: QueuedError): ApplicationFailure {
  return ApplicationFailure.create({
    type: name,
    message,
    nonRetryable: false,
    nextRetryDelay: againAfterMs,
    details: [evidence],
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** What is no error of ours is a mistake in the program: tried again, since another worker may have it mended. */
function isForGood(error: unknown): boolean {
  return error instanceof ImprintError && !error.retryable;
}

function mostTries(error: unknown): number {
  const unanswered = error instanceof UnavailableError || error instanceof OutcomeUnknownError;
  return unanswered ? triesMax.unanswered : triesMax.refused;
}

/** Undos, steps that have no way but forward, and the outcome of the run (which is no step) are tried until they succeed. */
function mayGiveUp(step: StepInput | undefined): boolean {
  return step !== undefined && step.step.undo !== true && step.step.untilDone !== true;
}

/** The abort signal comes for many reasons, a lost lease among them; only a cancellation that was asked for ends the activity as cancelled. */
function detached(context: Context): TemporalFailure {
  if (context.cancellationDetails?.cancelRequested === true) return new CancelledFailure('step was cancelled');
  return ApplicationFailure.create({
    type: 'Detached',
    message: 'this worker stopped waiting for the step; the next attempt attaches to it again',
    nonRetryable: false,
  });
}

function toApplicationFailure(error: unknown, final: boolean): ApplicationFailure {
  const { name, message, cause } = error instanceof Error ? error : new Error(String(error));
  return ApplicationFailure.create({
    type: name,
    message,
    nonRetryable: final,
    details: [error instanceof ImprintError ? error.evidence : {}],
    ...(cause instanceof Error ? { cause } : {}),
    ...(error instanceof NotReadyError ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
}
