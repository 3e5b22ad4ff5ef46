import { ApplicationFailure } from '@temporalio/workflow';

/** What an update is refused with that does not fit how the run stands. */
export function refusal(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'ConflictError', message, nonRetryable: true });
}
