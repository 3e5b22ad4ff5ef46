import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { isCancellation } from '@temporalio/workflow';

/** Errors that no retry mends. */
const refusals: readonly string[] = [
  'InvalidInputError',
  'NotFoundError',
  'ConflictError',
  'UnsupportedError',
  'UnauthorizedError',
  'CapacityError',
  'IntegrityError',
  'DeadlineError',
];

/**
 * Whether a run that failed with this waits for an operator. Once its node was touched, always. Before that only where retries were used up: what
 * is refused before anything was touched simply fails, because nothing is lost by asking again.
 */
export function mayHold(error: unknown, touched: boolean): boolean {
  if (!(error instanceof ActivityFailure) || isCancellation(error) || isDisowned(error)) return false;
  return touched || !refusals.includes(failureIn(error)?.type ?? '');
}

/** Whether the step was refused because the run no longer owns its node: it may neither go on nor take anything back. */
export function isDisowned(error: unknown): boolean {
  const evidence = failureIn(error)?.details?.[0] as { readonly disowned?: unknown } | undefined;
  return evidence?.disowned === true;
}

/** Whether work was ended because it made no progress. */
export function isStalled(error: unknown): boolean {
  const evidence = failureIn(error)?.details?.[0] as { readonly stalled?: unknown } | undefined;
  return evidence?.stalled !== undefined;
}

/** The failure of ours below Temporal's own wrapping. */
function failureIn(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause : undefined;
}
