import { keepSchedule } from './keep-schedule.ts';
import type { TemporalPlace } from './temporal-place.ts';

/** The schedule as Temporal's UI and command line show it. */
export const archiveScheduleId = 'imprint-archive-runs';

/** Has the archiver run now, and every quarter of an hour from now on. UnavailableError when Temporal does not take it. */
export async function scheduleArchiver(place: TemporalPlace): Promise<void> {
  const trigger = await keepSchedule(place, {
    scheduleId: archiveScheduleId,
    workflowType: 'archiveRuns',
    args: [],
    every: '15 minutes',
    summary: 'Archive the runs that have ended',
  });
  await trigger();
}
