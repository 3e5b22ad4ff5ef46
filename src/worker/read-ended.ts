import {
  WorkflowContinuedAsNewError,
  WorkflowFailedError,
  type WorkflowClient,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { historyToJSON, type History } from '@temporalio/common/lib/proto-utils.js';
import { endStatuses, type EndedExecution } from '../domain/ended-run.ts';
import { everyNode } from '../domain/fleet.ts';
import type { Json, JsonObject } from '../domain/plan.ts';
import { procedures, type Procedure } from '../domain/run.ts';
import { describeFailure } from '../workflows/failure-sentence.ts';

/** Reads all of an ended execution; undefined while it goes on, or when it is none of a procedure. WorkflowNotFoundError passes through. */
export async function readEnded(
  workflow: WorkflowClient,
  run: string,
  execution?: string,
): Promise<EndedExecution | undefined> {
  const described = await workflow.getHandle(run, execution).describe();
  const status = endStatuses.find((known) => known === described.status.name);
  const procedure = procedures.find((known) => known === described.type);
  if (status === undefined || described.closeTime === undefined || procedure === undefined) return undefined;
  // Pinned, so that a reset meanwhile does not mix two executions.
  const handle = workflow.getHandle(run, described.runId, { followRuns: false });
  const history = await handle.fetchHistory();
  const input = inputOf(history);
  return {
    run,
    execution: described.runId,
    procedure,
    node: nodeOf(procedure, run, input),
    input,
    status,
    started: described.startTime.toISOString(),
    closed: described.closeTime.toISOString(),
    ...(await outcomeOf(handle)),
    searchAttributes: attributesOf(described),
    memo: asObject(described.memo),
    history: historyToJSON(history),
  };
}

function nodeOf(procedure: Procedure, run: string, input: JsonObject): string {
  if (procedure === 'loadFleet') return everyNode;
  return typeof input['node'] === 'string' ? input['node'] : (run.split('/')[1] ?? run);
}

/** What the workflow was given; an object whatever somebody has started it with by hand. */
function inputOf({ events }: History): JsonObject {
  const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  return payload ? asObject(defaultPayloadConverter.fromPayload(payload)) : {};
}

function attributesOf({ typedSearchAttributes }: WorkflowExecutionDescription): JsonObject {
  return asObject(Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])));
}

async function outcomeOf(handle: WorkflowHandle): Promise<Pick<EndedExecution, 'result' | 'failure'>> {
  try {
    const result = (await handle.result()) as Json | undefined;
    return result === undefined ? {} : { result };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { failure: describeFailure(error.cause) };
    // Continued as another execution, which no procedure of ours does.
    if (error instanceof WorkflowContinuedAsNewError) {
      return { failure: { reason: 'ContinuedAsNew', message: error.message } };
    }
    throw error;
  }
}

function asObject(value: unknown): JsonObject {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (JSON.parse(JSON.stringify(value)) as JsonObject) : {};
}
