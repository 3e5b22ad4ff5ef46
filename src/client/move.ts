import type { WorkflowHandle } from '@temporalio/client';
import { parseMoveRequest, type MoveRequest } from '../domain/move.ts';
import { whileOpen } from './answer.ts';

export async function moveRun(workflow: WorkflowHandle, given: MoveRequest): Promise<void> {
  const request = parseMoveRequest(given);
  await whileOpen(workflow, async () => await workflow.executeUpdate('move', { args: [request] }));
}
