import { ActivityFailure, ApplicationFailure, CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { ImprintError } from '../domain/errors.ts';

/** Thrown by `result()` when a run did not complete. */
export class RunFailedError extends ImprintError {
  readonly retryable = false;
  /** Class of the error that ended it: `IntegrityError`, `ConflictError` …, or `Cancelled`. */
  readonly reason: string;

  constructor(run: string, reason: string, message: string, cause: unknown) {
    super(`run ${run} ${reason === 'Cancelled' ? 'was cancelled' : `failed: ${message}`}`, { cause });
    this.reason = reason;
  }
}

/** Translates what Temporal says of a run that did not complete. */
export function toRunFailure(run: string, error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  if (error.cause instanceof CancelledFailure) return new RunFailedError(run, 'Cancelled', '', error);
  const failure = applicationFailure(error.cause);
  return new RunFailedError(run, failure?.type ?? error.cause?.name ?? 'unknown', sentence(error.cause), error);
}

function applicationFailure(error: Error | undefined): ApplicationFailure | undefined {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (current instanceof ApplicationFailure) return current;
  }
  return undefined;
}

/** The messages below Temporal's own wrapping, outermost first. */
function sentence(error: Error | undefined): string {
  const parts: string[] = [];
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (!(current instanceof ActivityFailure) && current.message !== parts.at(-1)) parts.push(current.message);
  }
  return parts.join(': ');
}
