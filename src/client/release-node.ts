import type { Client } from '@temporalio/client';
import type { Catalog } from '../catalog/catalog.ts';
import { ConflictError } from '../domain/errors.ts';
import { parseFreeNodeInput, type FreeNodeInput } from '../domain/inputs.ts';
import { isOver } from './is-over.ts';
import type { RunHandle } from './run-handle.ts';
import { startRun } from './start.ts';

export type ReleaseNodeRequest = Pick<FreeNodeInput, 'node'> & Partial<FreeNodeInput>;

/** What came of the request; `run` where a run that is over owned the node, and must be proved dead first. */
export type ReleaseNodeAnswer =
  { readonly done: 'released' | 'available already' } | { readonly done: 'started'; readonly run: RunHandle<unknown> };

/**
 * Gives a node free that a run has left to be looked at. ConflictError for a node that a run owns which goes on, or that is in use and that no
 * run owns; where a run that is over owns one that is in use, only its claim ends.
 */
export async function releaseNode(
  client: Client,
  catalog: Catalog,
  request: ReleaseNodeRequest,
): Promise<ReleaseNodeAnswer> {
  const input = parseFreeNodeInput(request);
  const { node, by, reason } = input;
  await catalog.computers.get(node);
  const owner = (await catalog.claims.find(node))?.owner;
  if (owner === undefined) {
    return { done: (await catalog.nodeReleases.release(node, { by, reason })) ? 'released' : 'available already' };
  }
  if (!(await isOver(client, owner))) {
    throw new ConflictError(`node ${node} is owned by run ${owner}, which goes on`, { evidence: { owner } });
  }
  const run = await startRun(client, catalog, { procedure: 'freeNode', input, summary: `Release ${node}` });
  return { done: 'started', run };
}
