import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { RunFailedError } from '../client.ts';
import {
  ConflictError,
  InvalidInputError,
  NotFoundError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from '../domain/errors.ts';

/** What the command line ends with. */
export const exitStatuses = {
  done: 0,
  failed: 1,
  invalid: 2,
  conflict: 3,
  notFound: 4,
  unreachable: 5,
  differs: 6,
  found: 7,
  detached: 130,
} as const;

/** What each means, for `--help`. */
export const exitStatusHelp: readonly (readonly [number, string])[] = [
  [exitStatuses.done, 'done; with --detach: the run was started'],
  [exitStatuses.failed, 'the run failed or was cancelled, or something else went wrong'],
  [exitStatuses.invalid, 'bad input or configuration; nothing was started'],
  [
    exitStatuses.conflict,
    'a conflict: the node is busy, the name is taken, or the request key was used for something else',
  ],
  [exitStatuses.notFound, 'a node, image, revision, run, management node or system does not exist'],
  [exitStatuses.unreachable, 'Temporal or PostgreSQL cannot be reached'],
  [exitStatuses.differs, 'runs replay --local: the present code differs from the history'],
  [exitStatuses.found, 'doctor has found something that is not mended, or systems check something that is missing'],
  [exitStatuses.detached, 'detached by Ctrl-C: the run goes on'],
];

type ErrorClass = abstract new (...args: never[]) => Error;

const meanings: readonly (readonly [ErrorClass, number])[] = [
  [RunFailedError, exitStatuses.failed],
  [InvalidInputError, exitStatuses.invalid],
  [UnsupportedError, exitStatuses.invalid],
  [ConflictError, exitStatuses.conflict],
  [NotFoundError, exitStatuses.notFound],
  [WorkflowNotFoundError, exitStatuses.notFound],
  [UnavailableError, exitStatuses.unreachable],
  [UnauthorizedError, exitStatuses.unreachable],
  [OutcomeUnknownError, exitStatuses.unreachable],
  [NamespaceNotFoundError, exitStatuses.unreachable],
  [ServiceError, exitStatuses.unreachable],
];

/** The exit status that an error leads to. Help that was asked for is no error. */
export function exitStatusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatuses.done : exitStatuses.invalid;
  const known = meanings.find(([meaning]) => error instanceof meaning);
  if (known !== undefined) return known[1];
  return isGrpcServiceError(error) ? exitStatuses.unreachable : exitStatuses.failed;
}
