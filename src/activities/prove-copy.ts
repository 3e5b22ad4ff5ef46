import { IntegrityError } from '../domain/errors.ts';
import { nameOfRevision, type RevisionCopy } from '../domain/image.ts';
import type { Evidence } from '../domain/plan.ts';
import { slotResource } from '../domain/slots.ts';
import { findUnchanged, verifyCopy, type VerifiedCopy } from '../library/verify-copy.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { LoadFacts } from './facts.ts';
import { awaitTurn } from './slots.ts';

/** The copy of a load, and whose load it is. */
interface CopyOfLoad {
  readonly deps: ActivityDependencies;
  readonly facts: LoadFacts;
  readonly run: string;
}

/**
 * Proves the copy that a load reads. When a full checksum is due, the first of the runs that need it makes it, and all others use its
 * result: QueuedError until it is there. Should that run end without one, the next of them makes it.
 */
export async function proveCopy(deps: ActivityDependencies, facts: LoadFacts, run: string): Promise<Evidence> {
  const proved = (await unchanged({ deps, facts, run })) ?? (await checkInTurn({ deps, facts, run }));
  return {
    copy: facts.request.copy.path,
    provedBy: proved.by,
    files: proved.files.map(({ file, sizeBytes }) => ({ file, sizeBytes })),
  };
}

async function unchanged({ deps, facts, run }: CopyOfLoad): Promise<VerifiedCopy | undefined> {
  const { library, request } = facts;
  const files = await findUnchanged(library, { copy: request.copy, manifest: manifestOf(facts) }, callContext());
  if (files === undefined) return undefined;
  // It may have waited until another run had made the check.
  await deps.catalog.slots.release(run, 'check');
  return { by: 'identity', files };
}

async function checkInTurn({ deps, facts, run }: CopyOfLoad): Promise<VerifiedCopy> {
  const { revision, library, request } = facts;
  const resource = slotResource('check', `${library.name}/${nameOfRevision(revision)}`);
  const prove = async () => await Promise.resolve(request.fence);
  await awaitTurn(deps, { run, purpose: 'check', resources: [resource], prove });
  // Another run may have made the check between the first look and this turn.
  const copy = (await deps.catalog.copies.find(revision.id, library.name)) ?? request.copy;
  const proved = await verify(deps, facts, copy);
  await deps.catalog.slots.release(run, 'check');
  return proved;
}

async function verify(deps: ActivityDependencies, facts: LoadFacts, copy: RevisionCopy): Promise<VerifiedCopy> {
  const { revision, library, request } = facts;
  const wanted = { copy, manifest: manifestOf(facts), fence: request.fence };
  const proved = await verifyCopy(library, deps.jobs, wanted, callContext());
  if (proved.by === 'sha256') {
    const verified = { at: new Date().toISOString(), files: proved.files };
    await deps.catalog.copies.recordVerified(revision.id, library.name, verified);
  }
  return proved;
}

function manifestOf({ revision }: LoadFacts) {
  if (revision.manifest !== undefined) return revision.manifest;
  throw new IntegrityError(`${nameOfRevision(revision)} has no manifest in the catalog`);
}
