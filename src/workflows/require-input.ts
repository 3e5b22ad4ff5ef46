import { ApplicationFailure } from '@temporalio/workflow';
import type { OnFailure } from '../domain/hold.ts';

/**
 * A workflow that is started by hand may be given nothing at all. What is in the input is checked by the run's first step; this only keeps a
 * missing one from failing the workflow task again and again.
 */
export function requireInput<Input extends object>(input: Input | undefined): Input {
  if (isObject(input)) return input;
  throw ApplicationFailure.create({
    type: 'InvalidInputError',
    message: 'input: expected an object with at least the name of a node, or with names of nodes',
    nonRetryable: true,
  });
}

/** What the run does where a step fails; anything else that was asked for is refused by its first step. */
export function onFailureOf({ onFailure }: { readonly onFailure?: OnFailure }): OnFailure {
  return onFailure === 'unwind' ? 'unwind' : 'hold';
}

/** Also false for the null of JSON. */
function isObject<T>(value: T | undefined): value is T {
  return Object(value) === value;
}
