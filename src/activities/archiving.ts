import { Context, log } from '@temporalio/activity';
import { ImprintError, errorChain } from '../domain/errors.ts';
import type { ExecutionKey } from '../domain/ended-run.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { settleRun } from './settle-run.ts';

/** What one pass of the archiver did. */
export interface ArchivePass {
  readonly archived: number;
  /** Executions that could not be read or kept; the next pass tries them again. */
  readonly failed: number;
}

/** Steps of archiveRuns. Each may be cut and run again: what was done is not done twice. */
export interface ArchivingActivities {
  archiveEndedRuns(): Promise<ArchivePass>;
  /** Tells the catalog of the end of runs that could not say so themselves; answers how many. */
  settleEndedRuns(): Promise<{ readonly settled: number }>;
  /** Removes histories that are older than the worker's setting; answers how many. */
  removeOldHistories(): Promise<{ readonly removed: number }>;
}

/** An execution is listed a moment after its end; what closed so long before the last pass is looked at once more. */
const overlapMs = 10 * 60_000;

const dayMs = 24 * 3_600_000;

export function createArchivingActivities(deps: ActivityDependencies): ArchivingActivities {
  const { archive, runs } = deps.catalog;
  return {
    async archiveEndedRuns() {
      const begun = Date.now();
      const pass = { archived: 0, failed: 0 };
      for await (const page of deps.closedRuns.list(await archive.until())) {
        for (const key of await archive.missing(page)) {
          Context.current().cancellationSignal.throwIfAborted();
          if (await keep(deps, key)) pass.archived += 1;
          else pass.failed += 1;
        }
      }
      // What failed is listed again until it is kept.
      if (pass.failed === 0) await archive.recordUntil(new Date(begun - overlapMs).toISOString());
      return pass;
    },

    async settleEndedRuns() {
      let settled = 0;
      for (const run of await runs.list({ state: 'running', limit: everyRun })) {
        Context.current().cancellationSignal.throwIfAborted();
        if (await settleRun(deps, run)) settled += 1;
      }
      return { settled };
    },

    async removeOldHistories() {
      if (deps.archiveDays === undefined) return { removed: 0 };
      return { removed: await archive.removeBefore(new Date(Date.now() - deps.archiveDays * dayMs).toISOString()) };
    },
  };
}

/** More than any catalog has under way. */
const everyRun = 100_000;

/** One run that cannot be kept must not stand in the way of all others. */
async function keep({ catalog, closedRuns }: ActivityDependencies, key: ExecutionKey): Promise<boolean> {
  try {
    const ended = await closedRuns.read(key);
    // Gone already: its retention was over, or somebody deleted it.
    if (ended !== undefined) await catalog.archive.add(ended);
    return true;
  } catch (error) {
    if (error instanceof ImprintError && error.retryable) throw error;
    log.warn('Run could not be archived', { ...key, error: errorChain(error) });
    return false;
  }
}
