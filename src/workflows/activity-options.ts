import type { ActivityOptions } from '@temporalio/workflow';
import type { Pace } from '../domain/plan.ts';
import { longQueue, nodeQueue, sharedQueue } from './task-queues.ts';

/**
 * A worker that is gone is noticed after this long. Every activity says that it is alive every two seconds (see
 * activities/boundary.ts), so a busy machine has several chances before an attempt is given to another worker.
 */
const heartbeatTimeout = '15 seconds';

/**
 * Attempts are not limited here: a management node may be away for a weekend. What limits them is the boundary of the activities,
 * which counts tries that were answered with an error, not the time without a worker.
 */
const retry = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;

/** What holds for all of them. The SDK's default cancellation type is TRY_CANCEL, with which an undo could begin while its action still runs. */
const always = {
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  heartbeatTimeout,
  retry,
} as const satisfies ActivityOptions;

/** Reads and writes of the catalog. */
export const catalogOptions: ActivityOptions = { ...always, taskQueue: sharedQueue, startToCloseTimeout: '1 minute' };

/** The archiver's: it goes through what may be thousands of runs. */
export const archiveOptions: ActivityOptions = { ...always, taskQueue: sharedQueue, startToCloseTimeout: '2 hours' };

/**
 * An audit's look at one management node, and what it mends: a worker that does not take it up is a finding, and what fails is said, not tried for
 * ever.
 */
export function auditOptions(taskQueue: string): ActivityOptions {
  return {
    ...always,
    taskQueue,
    startToCloseTimeout: '30 minutes',
    scheduleToStartTimeout: '30 seconds',
    retry: { ...retry, maximumAttempts: 3 },
  };
}

/** Somebody waits for the answer, and asks again where it is no: it is not tried for as long as a step is. */
export function heldPowerOptions(managementNode: string): ActivityOptions {
  return {
    ...always,
    taskQueue: nodeQueue(managementNode),
    startToCloseTimeout: '10 minutes',
    scheduleToStartTimeout: '1 minute',
    retry: { ...retry, maximumAttempts: 3 },
  };
}

/** Work on a node, at the pace that its step declares. */
export function nodeOptions(managementNode: string, pace: Pace): ActivityOptions {
  switch (pace) {
    case 'short':
      return { ...always, taskQueue: nodeQueue(managementNode), startToCloseTimeout: '10 minutes' };
    case 'guest':
    case 'poll':
      return { ...always, taskQueue: nodeQueue(managementNode), startToCloseTimeout: '2 hours' };
    case 'long':
      return { ...always, taskQueue: longQueue(managementNode), startToCloseTimeout: '7 days' };
  }
}
