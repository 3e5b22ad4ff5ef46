import { Client, ScheduleAlreadyRunning } from '@temporalio/client';
import { UnavailableError } from '../domain/errors.ts';
import { sharedQueue } from '../workflows/task-queues.ts';
import type { TemporalPlace } from './temporal-place.ts';

/** A workflow that is to run again and again. Its runs never overlap. */
export interface RegularWorkflow {
  /** As Temporal's UI and command line show it. */
  readonly scheduleId: string;
  readonly workflowType: string;
  readonly args: readonly unknown[];
  readonly every: '15 minutes' | '1 hour';
  /** For Temporal's UI. */
  readonly summary: string;
}

/**
 * Makes the schedule where it is missing. One that is there already stays as it is, so that an operator may change or pause it; several workers may
 * call this at once. Answers how to have the workflow run at once. UnavailableError when Temporal does not take it.
 */
export async function keepSchedule(
  { connection, namespace }: TemporalPlace,
  { scheduleId, workflowType, args, every, summary }: RegularWorkflow,
): Promise<() => Promise<void>> {
  const { schedule } = new Client({ connection, namespace });
  const refuse = (cause: unknown): never => {
    throw new UnavailableError(`schedule ${workflowType} (${scheduleId}) in Temporal`, { cause });
  };
  try {
    await schedule.create({
      scheduleId,
      spec: { intervals: [{ every }] },
      action: {
        type: 'startWorkflow',
        workflowType,
        workflowId: workflowType,
        taskQueue: sharedQueue,
        args: [...args],
        staticSummary: summary,
      },
      policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) refuse(error);
  }
  return async () => await schedule.getHandle(scheduleId).trigger('SKIP').catch(refuse);
}
