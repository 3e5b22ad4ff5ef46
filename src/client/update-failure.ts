import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowUpdateFailedError } from '@temporalio/client';
import {
  CommandFailedError,
  ConflictError,
  DeadlineError,
  InvalidInputError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
  type ImprintError,
} from '../domain/errors.ts';

/** What a run refuses an update with, or fails it with. */
const known = [ConflictError, DeadlineError, InvalidInputError, UnauthorizedError, UnavailableError, UnsupportedError];

/** Translates what Temporal says of an update that was refused or failed. */
export function toUpdateFailure(run: string, error: WorkflowUpdateFailedError): ImprintError {
  const { cause } = error;
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  const Meant = known.find(({ name }) => name === type) ?? CommandFailedError;
  return new Meant(`run ${run}: ${cause?.message ?? error.message}`, { cause: error });
}
