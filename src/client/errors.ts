import { WorkflowFailedError } from '@temporalio/client';
import type { RunFailure } from '../domain/ended-run.ts';
import { ImprintError } from '../domain/errors.ts';
import { describeFailure } from '../workflows/failure-sentence.ts';

/** Thrown by `result()` when a run did not complete. */
export class RunFailedError extends ImprintError {
  readonly retryable = false;
  /** Class of the error that ended it: `IntegrityError`, `ConflictError` …, or `Cancelled`. */
  readonly reason: string;

  constructor(run: string, { reason, message }: RunFailure, cause?: unknown) {
    super(`run ${run} ${reason === 'Cancelled' ? 'was cancelled' : `failed: ${message}`}`, { cause });
    this.reason = reason;
  }
}

/** Translates what Temporal says of a run that did not complete. */
export function toRunFailure(run: string, error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  return new RunFailedError(run, describeFailure(error.cause), error);
}
