import type { Catalog } from '../catalog/catalog.ts';
import { CapacityError, ConflictError, ImprintError, NotFoundError, QueuedError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import { nameOfRevision, type Revision, type RevisionCopy } from '../domain/image.ts';
import type { Evidence } from '../domain/plan.ts';
import type { LoadPlanRequest } from '../domain/plan-request.ts';
import { slotResource } from '../domain/slots.ts';
import type { StepInput } from '../domain/step-input.ts';
import { bringCopy } from '../library/bring-copy.ts';
import type { Connecting } from '../library/fetch-connection.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { callContext, claimant } from './call.ts';
import { findSources } from './copy-sources.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { nodeFacts } from './facts.ts';
import { leaveTransfer } from './leave-transfer.ts';
import { awaitTurn } from './slots.ts';

type LoadStepInput = StepInput & LoadPlanRequest;

/** Step 3.1 of loadNode: only where the library that the node reads has no copy, and another one has. */
export interface BringCopyActivities {
  /** The first of the runs that need the copy brings it; QueuedError for the others, until it is there. */
  bringCopy(input: LoadStepInput): Promise<Evidence>;
  /** Its undo: the jobs end, and what was brought so far is removed unless another run waits for it. A complete copy stays. */
  leaveCopy(input: LoadStepInput): Promise<void>;
}

export function createBringCopyActivities(deps: ActivityDependencies): BringCopyActivities {
  const { catalog } = deps;
  return {
    async bringCopy(input) {
      const fence = await catalog.claims.fence(claimant(input));
      const revision = await catalog.revisions.get(input.revisionId);
      const { library } = await nodeFacts(deps, input.node);
      const transfer = { deps, fence, revision, library };
      return (await brought(transfer)) ?? (await bringInTurn(transfer));
    },

    async leaveCopy(input) {
      const fence = await catalog.claims.fence(claimant(input));
      const { library } = await nodeFacts(deps, input.node);
      await leaveTransfer(deps, fence, library);
    },
  };
}

/** A copy that a run needs in the library that its node reads. */
interface Wanted {
  readonly deps: ActivityDependencies;
  readonly fence: Fence;
  readonly revision: Revision;
  readonly library: LibraryPlace;
}

async function brought({ deps: { catalog }, fence, revision, library }: Wanted): Promise<Evidence | undefined> {
  const copy = await catalog.copies.find(revision.id, library.name);
  if (copy === undefined) return undefined;
  // It may have waited until another run had brought it.
  await catalog.slots.release(fence.owner, 'check');
  return { copy: copy.path };
}

/** Whoever proves a copy waits in the same line: it must not be proved while it is brought. */
async function bringInTurn(wanted: Wanted): Promise<Evidence> {
  const { deps, fence, revision, library } = wanted;
  const resource = slotResource('check', `${library.name}/${nameOfRevision(revision)}`);
  const prove = async () => await Promise.resolve(fence);
  await awaitTurn(deps, { run: fence.owner, purpose: 'check', resources: [resource], prove });
  const there = await brought(wanted);
  if (there !== undefined) return there;
  const { copy, source } = await bringFromAny(wanted);
  await deps.catalog.copyTransfers.record(fence, copy);
  await deps.catalog.slots.release(fence.owner, 'check');
  return { copy: copy.path, from: source.name, bytes: copy.sizeBytes };
}

/** The next source where one cannot be used. What one has sent is gone on with from another: all copies of a revision are the same. */
async function bringFromAny(wanted: Wanted): Promise<{ readonly copy: RevisionCopy; readonly source: Connecting }> {
  const { deps, revision, library } = wanted;
  const { sources, unusable } = await findSources(deps, revision, library);
  let last: ImprintError | undefined;
  for (const source of sources) {
    try {
      return { source, copy: await bringFrom(wanted, source) };
    } catch (error) {
      callContext().signal.throwIfAborted();
      if (!(error instanceof ImprintError) || !mayTryAnother(error)) throw error;
      last = error;
    }
  }
  if (last !== undefined) throw last;
  throw noSource(revision, library, unusable);
}

async function bringFrom({ deps, fence, revision, library }: Wanted, source: Connecting): Promise<RevisionCopy> {
  const { manifest } = revision;
  if (manifest === undefined) throw new NotFoundError(`${nameOfRevision(revision)} has no manifest in the catalog`);
  const named = { revisionId: revision.id, image: revision.image, revision: revision.revision, library: library.name };
  const transfer = await deps.catalog.copyTransfers.begin(fence, named);
  return await bringCopy(library, deps.jobs, { fence: transfer, manifest, source }, callContext());
}

/** Room is missing here, and who was superseded acts no more, whatever the source. */
function mayTryAnother(error: ImprintError): boolean {
  return !(error instanceof CapacityError || error instanceof ConflictError || error instanceof QueuedError);
}

export function noSource(revision: Revision, library: LibraryPlace, unusable: readonly string[]): NotFoundError {
  const why = unusable.length === 0 ? '' : `, and no other can be fetched: ${unusable.join('; ')}`;
  return new NotFoundError(
    `${revision.image}, revision ${String(revision.revision)}, has no copy in library ${library.name}${why}`,
  );
}

/** Names of the other libraries that have a copy. */
export async function librariesWith(catalog: Catalog, revisionId: number, but: string): Promise<readonly string[]> {
  return (await catalog.copies.list(revisionId)).map(({ library }) => library).filter((library) => library !== but);
}
