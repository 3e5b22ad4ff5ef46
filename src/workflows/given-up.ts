import { ApplicationFailure, patched } from '@temporalio/workflow';
import type { GivenAnswer } from '../domain/hold.ts';
import type { StepLine } from '../domain/step-input.ts';

/** What ends a run that an operator gave up. */
export function givenUp({ number, title }: StepLine, { by, reason }: GivenAnswer, cause: unknown): ApplicationFailure {
  const why = reason === '' ? '' : ` (${reason})`;
  return ApplicationFailure.create({
    type: 'GivenUp',
    message: `given up by ${by} at step ${number} ${title}${why}`,
    nonRetryable: true,
    ...(cause instanceof Error ? { cause } : {}),
  });
}

/** Whether an operator has ended the run: that counts, whatever else was asked meanwhile. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === 'GivenUp' && patched('given-up-counts');
}
