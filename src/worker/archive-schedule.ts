import { Client, ScheduleAlreadyRunning } from '@temporalio/client';
import { UnavailableError } from '../domain/errors.ts';
import { sharedQueue } from '../workflows/task-queues.ts';
import type { TemporalPlace } from './temporal-place.ts';

/** The schedule as Temporal's UI and command line show it. */
export const archiveScheduleId = 'imprint-archive-runs';

/**
 * Has the archiver run now, and every quarter of an hour from now on. A schedule that is there already stays as it is, so that an operator may
 * change or pause it; several workers may call this at once. UnavailableError when Temporal does not take it.
 */
export async function scheduleArchiver({ connection, namespace }: TemporalPlace): Promise<void> {
  const { schedule } = new Client({ connection, namespace });
  try {
    await schedule.create({
      scheduleId: archiveScheduleId,
      spec: { intervals: [{ every: '15 minutes' }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'archiveRuns',
        workflowId: 'archiveRuns',
        taskQueue: sharedQueue,
        args: [],
        staticSummary: 'Archive the runs that have ended',
      },
      policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
      state: { triggerImmediately: true },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw notScheduled(error);
    await schedule.getHandle(archiveScheduleId).trigger('SKIP').catch(refuse);
  }
}

function refuse(cause: unknown): never {
  throw notScheduled(cause);
}

function notScheduled(cause: unknown): UnavailableError {
  return new UnavailableError(`schedule the archiver (${archiveScheduleId}) in Temporal`, { cause });
}
