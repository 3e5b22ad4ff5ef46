import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import { archiveOptions } from './activity-options.ts';

/** What archiveRuns answers. */
export interface ArchiveRunsResult {
  readonly archived: number;
  readonly failed: number;
  readonly settled: number;
  readonly removed: number;
}

/**
 * Keeps every run that has ended, however it did, in the catalog's archive. Started by a schedule and when a worker starts; no run of the
 * catalog itself. Procedure: docs/procedures/archive-runs.md
 */
export async function archiveRuns(): Promise<ArchiveRunsResult> {
  // 1. Archive what has ended since the last pass.
  const { archived, failed } = await archiving('Archive the runs that have ended').archiveEndedRuns();

  // 2. Settle the runs that the catalog takes for running though they are over.
  const { settled } = await archiving('Record the end of runs that could not say so').settleEndedRuns();

  // 3. Remove histories that are older than they are kept.
  const { removed } = await archiving('Remove old histories').removeOldHistories();
  return { archived, failed, settled, removed };
}

function archiving(summary: string): Activities {
  return proxyActivities<Activities>({ ...archiveOptions, summary });
}
