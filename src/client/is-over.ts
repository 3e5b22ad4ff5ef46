import { WorkflowNotFoundError, type Client } from '@temporalio/client';

/** Whether a run can no longer act: it has ended, however it did, or Temporal does not know it (any more). */
export async function isOver(client: Client, run: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(run).describe()).closeTime !== undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}
