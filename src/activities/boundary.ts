import type { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure, TemporalFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { Catalog } from '../catalog/catalog.ts';
import {
  ImprintError,
  NotFoundError,
  NotReadyError,
  OutcomeUnknownError,
  UnavailableError,
  errorChain,
} from '../domain/errors.ts';
import type { Evidence, Json } from '../domain/plan.ts';
import type { StepRecord } from '../domain/run.ts';
import type { StepInput } from '../domain/step-input.ts';
import { beat, countFailedTry } from './pulse.ts';

/** How often an activity says that it is alive; several times within the heartbeat time-out of workflows/activity-options.ts. */
const aliveEveryMs = 2_000;

/**
 * After this many tries an error that a retry could mend is given up: with the intervals of workflows/activity-options.ts that is a
 * minute and a half of trying where a command says no, and ten minutes where nobody answers, which is what a host takes to restart.
 * Attempts that lost their worker do not count.
 */
const triesMax = { refused: 8, unanswered: 25 } as const;

/** What stands between Temporal and every activity: liveness, the record of steps, and the translation of errors. */
export function createBoundary(catalog: Catalog): (context: Context) => { inbound: ActivityInboundCallsInterceptor } {
  return (context) => ({
    inbound: {
      execute: async (input, next) => {
        const alive = setInterval(() => beat(context), aliveEveryMs);
        const step = stepOf(input.args[0]);
        const recorder = { catalog, context, input: step };
        try {
          // An undo leaves in the record what its step failed with, and the step's own times.
          if (step?.step.undo !== true) await record(recorder, 'running');
          const result = await next(input);
          await record(recorder, step?.step.undo ? 'undone' : 'done', { evidence: evidenceOf(result) });
          return result;
        } catch (error) {
          throw await failureOf(recorder, error);
        } finally {
          clearInterval(alive);
        }
      },
    },
  });
}

async function failureOf(recorder: Recorder, error: unknown): Promise<unknown> {
  const { context, input: step } = recorder;
  if (context.cancellationSignal.aborted) return detached(context);
  if (error instanceof TemporalFailure) return error;
  const tries = countFailedTry(context);
  const final = isForGood(error) || (tries >= mostTries(error) && mayGiveUp(step));
  if (final) {
    const state = step?.step.undo ? 'undo-failed' : 'failed';
    const evidence = error instanceof ImprintError ? (error.evidence as Evidence) : {};
    await record(recorder, state, { evidence, error: errorChain(error) }).catch(() => undefined);
  }
  return toApplicationFailure(error, final);
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

/** The abort signal comes for many reasons; only a cancellation that was asked for ends the activity as cancelled. */
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

interface Recorder {
  readonly catalog: Catalog;
  readonly context: Context;
  /** Absent for an activity that belongs to no step. */
  readonly input: StepInput | undefined;
}

async function record(
  { catalog, context, input }: Recorder,
  state: StepRecord['state'],
  found: { readonly evidence?: Evidence | undefined; readonly error?: string } = {},
): Promise<void> {
  if (input === undefined) return;
  const { evidence, error } = found;
  const recording = catalog.runs.recordStep(input.run, {
    number: input.step.number,
    title: input.step.title,
    state,
    attempt: context.info.attempt,
    ...(evidence === undefined ? {} : { evidence }),
    ...(error === undefined ? {} : { error }),
  });
  // A workflow that was started without the client is registered by its first step, which comes after this.
  await recording.catch((failure: unknown) => {
    if (!(failure instanceof NotFoundError)) throw failure;
  });
}

function stepOf(argument: unknown): StepInput | undefined {
  const candidate = argument as Partial<StepInput> | undefined;
  return candidate?.step === undefined || candidate.run === undefined ? undefined : (candidate as StepInput);
}

/** Evidence is an object by its contract; a list, such as a plan, becomes one. */
function evidenceOf(result: unknown): Evidence | undefined {
  if (Array.isArray(result)) return { list: result as Json[] };
  return typeof result === 'object' && result !== null ? (result as Evidence) : undefined;
}
