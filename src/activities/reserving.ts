import type { ReservationRequest } from '../catalog/catalog.ts';
import { ConflictError } from '../domain/errors.ts';
import { referenceOf, type Revision } from '../domain/image.ts';
import type { ActivityDependencies } from './dependencies.ts';

/**
 * Reserves the next revision of an image. What a run has reserved that is over stays so until its node is taken over, and keeps captures of that
 * image from all other nodes: the ConflictError then says which run and node that are, and what to do.
 */
export async function reserveRevision(deps: ActivityDependencies, request: ReservationRequest): Promise<Revision> {
  try {
    return await deps.catalog.revisions.reserve(request);
  } catch (error) {
    const owner = error instanceof ConflictError ? error.evidence['owner'] : undefined;
    throw (typeof owner === 'string' ? await reservedByEnded(deps, request.image, owner) : undefined) ?? error;
  }
}

async function reservedByEnded(
  { catalog, runs }: ActivityDependencies,
  image: string,
  owner: string,
): Promise<ConflictError | undefined> {
  const [reserved, run] = [await catalog.revisions.findByOwner(owner), await catalog.runs.find(owner)];
  // An import reserves too, and is no run of Temporal's.
  if (reserved?.state !== 'capturing' || reserved.image !== image || run === undefined) return undefined;
  if ((await runs.presence(owner)) === 'open') return undefined;
  return new ConflictError(
    `${referenceOf(reserved)} is still reserved by run ${owner}, which is over and has left node ${run.node}; look at that node, then give it free with: imprint nodes release ${run.node}`,
    { evidence: { owner, node: run.node, revision: reserved.revision } },
  );
}
