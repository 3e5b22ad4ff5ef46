import type { Client } from '@temporalio/client';
import { ulid } from 'ulid';
import type { CapturePreview } from '../domain/capture-preview.ts';
import type { CaptureImageInput } from '../domain/inputs.ts';
import { sharedQueue } from '../workflows/task-queues.ts';
import { toRunFailure } from './errors.ts';

/** A preview takes seconds; without a worker of the node's management node there is none. */
const limit = '2 minutes';

/** Has the node's management node say what a capture would do. It is no run of the catalog: it only reads. */
export async function planCapture(client: Client, input: CaptureImageInput): Promise<CapturePreview> {
  const workflowId = `planCapture/${input.node}/${ulid()}`;
  try {
    return await client.workflow.execute<(input: CaptureImageInput) => Promise<CapturePreview>>('planCapture', {
      workflowId,
      taskQueue: sharedQueue,
      args: [input],
      workflowExecutionTimeout: limit,
      staticSummary: `Preview the capture of ${input.node} as ${input.image}`,
    });
  } catch (error) {
    throw toRunFailure(workflowId, error);
  }
}
