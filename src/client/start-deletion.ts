import type { Client } from '@temporalio/client';
import { ulid } from 'ulid';
import type { Catalog } from '../catalog/catalog.ts';
import { parseDeleteRevisionInput, type DeleteRevisionInput } from '../domain/inputs.ts';
import { parseName } from '../domain/names.ts';
import type { DeleteRevisionResult } from '../workflows/delete-revision.ts';
import { createRunHandle, type RunHandle } from './run-handle.ts';
import { runAttributes } from '../domain/search-attributes.ts';
import { startWorkflow } from './start.ts';

/**
 * Starts the deletion of a retired revision. Before anything is started: NotFoundError when there is no such revision, ConflictError
 * when it is not retired or names what uses it. One that stopped half-way is taken up again.
 */
export async function startDeletion(
  client: Client,
  catalog: Catalog,
  request: Partial<DeleteRevisionInput>,
  requestKey?: string,
): Promise<RunHandle<DeleteRevisionResult>> {
  const input = parseDeleteRevisionInput(request);
  const key = requestKey === undefined ? ulid() : parseName('request key', requestKey);
  const id = `deleteRevision/${input.node}/${key}`;
  // Asked again for a run that has done it, the answer is that run.
  if ((await catalog.runs.find(id)) === undefined) await catalog.revisionDeletion.check(input);
  const named = requestKey === undefined ? {} : { requestKey };
  const run = await catalog.runs.register({
    id,
    procedure: 'deleteRevision',
    node: input.node,
    input: { ...input },
    ...named,
  });
  if (run.state === 'running') {
    const what = { procedure: 'deleteRevision', input, summary: `Delete ${input.node}` } as const;
    await startWorkflow(client, { id: run.id, ...what, attributes: runAttributes({ image: input.image }) });
  }
  return createRunHandle(catalog, client.workflow.getHandle(run.id));
}
