import { ApplicationFailure } from '@temporalio/workflow';

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

/** Also false for the null of JSON. */
function isObject<T>(value: T | undefined): value is T {
  return Object(value) === value;
}
