import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import type { Catalog } from '../catalog/catalog.ts';
import type { RunRecord } from '../domain/run.ts';
import { archivedResult } from './archived-run.ts';
import { toRunFailure } from './errors.ts';
import { exportHistory, type ExportedHistory } from './history/export-history.ts';
import { watchRun, type RunProgress } from './watch.ts';

/** One run, by its id; it need not be running. */
export interface RunHandle<Result> {
  readonly id: string;
  /** What the procedure answers, also long after Temporal has forgotten the run; RunFailedError when it failed or was cancelled. */
  result(): Promise<Result>;
  /** Asks the run to stop: its steps are taken back. Resolves when the request is recorded, not when it has stopped. */
  cancel(): Promise<void>;
  /** The run as the catalog knows it now. */
  describe(): Promise<RunRecord>;
  /** All that Temporal, or the archive after it, has recorded of the run, as its tools and its SDK's replayer read it. */
  history(): Promise<ExportedHistory>;
  /** Progress as it changes, until the run has ended. Leaving the loop stops watching, not the run. */
  watch(): AsyncIterable<RunProgress>;
}

export function createRunHandle<Result>(catalog: Catalog, workflow: WorkflowHandle): RunHandle<Result> {
  const id = workflow.workflowId;
  return {
    id,
    result: async () => {
      try {
        return (await workflow.result()) as Result;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return await archivedResult<Result>(catalog, id, error);
        throw toRunFailure(id, error);
      }
    },
    cancel: async () => {
      await workflow.cancel();
    },
    describe: async () => await catalog.runs.get(id),
    history: async () => await exportHistory(catalog, workflow),
    watch: () => watchRun(catalog, workflow),
  };
}
