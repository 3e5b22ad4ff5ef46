import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { ulid } from 'ulid';
import type { Catalog } from '../catalog/catalog.ts';
import { parseName } from '../domain/names.ts';
import type { Procedure } from '../domain/run.ts';
import { runAttributes } from '../domain/search-attributes.ts';
import { attributePairs } from '../workflows/search-attributes.ts';
import { sharedQueue } from '../workflows/task-queues.ts';
import { describeRequest } from './describe-request.ts';
import { refuseBusy } from './refuse-busy.ts';
import { createRunHandle, type RunHandle } from './run-handle.ts';

/** What is needed to start a run. */
export interface StartRequest {
  readonly procedure: Procedure;
  readonly input: { readonly node: string } & object;
  /** The caller's own name for this request: asked twice, there is one run. Default: a new one each time. */
  readonly requestKey?: string;
  readonly image?: string;
  /** For Temporal's UI. */
  readonly summary: string;
}

/**
 * Records the run, then starts its workflow. The same request key with the same input gives the run that it gave before; with other input:
 * ConflictError. A node that another run owns: ConflictError that names that run.
 */
export async function startRun<Result>(
  client: Client,
  catalog: Catalog,
  request: StartRequest,
): Promise<RunHandle<Result>> {
  const { procedure, input } = request;
  const computer = await catalog.computers.get(input.node);
  const key = request.requestKey === undefined ? ulid() : parseName('request key', request.requestKey);
  const id = `${procedure}/${input.node}/${key}`;
  if (!(await isKnown(catalog, id))) await refuseBusy(client, catalog, { procedure, node: input.node, id });
  const run = await catalog.runs.register({
    id,
    procedure,
    node: input.node,
    input: input,
    ...(request.requestKey === undefined ? {} : { requestKey: request.requestKey }),
  });
  if (run.state === 'running') {
    const { managementNode, provisioningSystem } = computer;
    const attributes = runAttributes({ node: input.node, managementNode, provisioningSystem, image: request.image });
    await startWorkflow(client, { ...request, id: run.id, attributes });
  }
  return createRunHandle(catalog, client.workflow.getHandle(run.id));
}

async function isKnown(catalog: Catalog, id: string): Promise<boolean> {
  return (await catalog.runs.find(id)) !== undefined;
}

/** A workflow to start. */
export interface WorkflowToStart extends Pick<StartRequest, 'procedure' | 'summary'> {
  readonly id: string;
  readonly input: object;
  /** Search attributes. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Starts the workflow of a run that the catalog knows; started already: success. */
export async function startWorkflow(client: Client, workflow: WorkflowToStart): Promise<void> {
  try {
    await client.workflow.start(workflow.procedure, {
      workflowId: workflow.id,
      taskQueue: sharedQueue,
      args: [workflow.input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: workflow.summary,
      staticDetails: describeRequest(workflow.id, workflow.input),
      typedSearchAttributes: attributePairs(workflow.attributes),
    });
  } catch (error) {
    // It ran before and is over; the catalog had not heard of its end.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
