import { Client, ServiceError, WorkflowNotFoundError, type WorkflowClient } from '@temporalio/client';
import type { ClosedRuns } from '../activities/closed-runs.ts';
import type { ExecutionKey } from '../domain/ended-run.ts';
import { UnavailableError } from '../domain/errors.ts';
import { procedures } from '../domain/run.ts';
import { sharedQueue } from '../workflows/task-queues.ts';
import { readEnded } from './read-ended.ts';
import type { TemporalPlace } from './temporal-place.ts';

/** Executions that are looked up in the archive together. */
const pageSize = 100;

export function createClosedRuns({ connection, namespace }: TemporalPlace): ClosedRuns {
  const { workflow } = new Client({ connection, namespace });
  return {
    list: (since) => listPages(workflow, since),
    async read({ run, execution }) {
      try {
        return await readEnded(workflow, run, execution);
      } catch (cause) {
        if (cause instanceof WorkflowNotFoundError) return undefined;
        if (cause instanceof ServiceError)
          throw new UnavailableError(`read from Temporal what came of run ${run}`, { cause });
        throw cause;
      }
    },
  };
}

async function* listPages(workflow: WorkflowClient, since: string | undefined): AsyncGenerator<ExecutionKey[]> {
  let page: ExecutionKey[] = [];
  try {
    for await (const { workflowId, runId } of workflow.list({ query: queryOf(since), pageSize })) {
      page.push({ run: workflowId, execution: runId });
      if (page.length < pageSize) continue;
      yield page;
      page = [];
    }
  } catch (cause) {
    throw new UnavailableError('list the ended runs in Temporal', { cause });
  }
  yield page;
}

/** Others may use the namespace too: ours are the procedures, on our task queue. */
function queryOf(since: string | undefined): string {
  const types = procedures.map((name) => `'${name}'`).join(', ');
  const ended = since === undefined ? '' : ` AND CloseTime >= '${since}'`;
  return `TaskQueue = '${sharedQueue}' AND ExecutionStatus != 'Running' AND WorkflowType IN (${types})${ended}`;
}
