import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ulid } from 'ulid';
import { UnavailableError } from '../domain/errors.ts';
import type { AuditInput, AuditReport } from '../domain/finding.ts';
import { sharedQueue } from '../workflows/task-queues.ts';
import { toRunFailure } from './errors.ts';

/** A look takes seconds, and half a minute where a management node does not answer; nodes that are taken over take longer. */
const limit = '1 hour';

/** A worker that is there takes it up at once. */
const takenUpWithinMs = 20_000;

type Audit = (input: AuditInput) => Promise<AuditReport>;

/** Has the workers compare what there is, and waits for what they say. UnavailableError when there is no worker. */
export async function audit(client: Client, input: AuditInput): Promise<AuditReport> {
  const handle = await client.workflow.start<Audit>('audit', {
    workflowId: `audit/${ulid()}`,
    taskQueue: sharedQueue,
    args: [input],
    workflowExecutionTimeout: limit,
    staticSummary:
      input.purpose === 'mend' ? 'Mend what belongs to no live run' : 'Look for what belongs to no live run',
  });
  const waiting = new AbortController();
  const result = handle.result().finally(() => waiting.abort());
  try {
    await Promise.race([result, refuseUntaken(handle, waiting.signal)]);
    return await result;
  } catch (error) {
    throw toRunFailure(handle.workflowId, error);
  }
}

/** Started, and its first task waits in the queue. */
const untakenEvents = 2;

async function refuseUntaken(handle: WorkflowHandle<Audit>, signal: AbortSignal): Promise<void> {
  await delay(takenUpWithinMs, undefined, { signal }).catch(() => undefined);
  if (signal.aborted || (await handle.describe()).historyLength > untakenEvents) return;
  await handle.terminate('no worker took it up');
  throw new UnavailableError('no worker of Imprint takes the audit up; start one on a management node: imprint worker');
}
