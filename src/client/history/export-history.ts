import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Catalog } from '../../catalog/catalog.ts';
import { findArchived } from '../archived-run.ts';

/** A run's history, and who had it. */
export interface ExportedHistory {
  readonly from: 'temporal' | 'archive';
  /** Temporal's own id of the execution: of a run that was reset the latest one's. */
  readonly execution: string;
  readonly json: string;
}

/** Of a run that goes on, what it has until now. WorkflowNotFoundError when neither Temporal nor the archive has it. */
export async function exportHistory(catalog: Catalog, workflow: WorkflowHandle): Promise<ExportedHistory> {
  try {
    const { runId } = await workflow.describe();
    const history = await workflow.client.getHandle(workflow.workflowId, runId).fetchHistory();
    return { from: 'temporal', execution: runId, json: historyToJSON(history) };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return (await archivedHistory(catalog, workflow.workflowId)) ?? notKept(error);
  }
}

async function archivedHistory(catalog: Catalog, run: string): Promise<ExportedHistory | undefined> {
  const archived = await findArchived(catalog, run);
  const json = archived && (await catalog.archive.history(archived));
  return archived && json !== undefined ? { from: 'archive', execution: archived.execution, json } : undefined;
}

function notKept(error: WorkflowNotFoundError): never {
  throw error;
}
