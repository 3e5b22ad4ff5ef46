import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowHandle, WorkflowStartOptions } from '@temporalio/client';
import { UnavailableError } from '../domain/errors.ts';
import { sharedQueue } from '../workflows/task-queues.ts';
import { toRunFailure } from './errors.ts';

/** A worker that is there takes it up at once. */
const takenUpWithinMs = 20_000;

/** A question to the workers that is no run of the catalog. */
export interface Question {
  readonly workflow: string;
  readonly workflowId: string;
  readonly input: object;
  /** The longest that an answer may take. */
  readonly limit: NonNullable<WorkflowStartOptions['workflowExecutionTimeout']>;
  readonly summary: string;
}

/** Starts the workflow and waits for what it answers. UnavailableError when there is no worker to take it up. */
export async function askWorkers<Answer>(client: Client, question: Question): Promise<Answer> {
  const handle = await client.workflow.start<(input: object) => Promise<Answer>>(question.workflow, {
    workflowId: question.workflowId,
    taskQueue: sharedQueue,
    args: [question.input],
    workflowExecutionTimeout: question.limit,
    staticSummary: question.summary,
  });
  const waiting = new AbortController();
  const result = handle.result().finally(() => waiting.abort());
  try {
    await Promise.race([result, refuseUntaken(handle, question.workflow, waiting.signal)]);
    return await result;
  } catch (error) {
    throw toRunFailure(handle.workflowId, error);
  }
}

/** Started, and its first task waits in the queue. */
const untakenEvents = 2;

async function refuseUntaken(handle: WorkflowHandle, what: string, signal: AbortSignal): Promise<void> {
  await delay(takenUpWithinMs, undefined, { signal }).catch(() => undefined);
  if (signal.aborted || (await handle.describe()).historyLength > untakenEvents) return;
  await handle.terminate('no worker took it up');
  throw new UnavailableError(
    `no worker of Imprint takes the ${what} up; start one on a management node: imprint worker`,
  );
}
