import type { Computer } from '../domain/computer.ts';
import { NotFoundError, UnsupportedError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { Revision, RevisionCopy } from '../domain/image.ts';
import { libraryPaths } from '../library/paths.ts';
import type { OperatingSystem } from '../os/operating-system.ts';
import type { CaptureRequest, LoadRequest, Provisioner } from '../provisioners/provisioner.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import type { Shell } from '../remote/shell.ts';
import type { CapturePlanRequest, LoadPlanRequest } from '../domain/plan-request.ts';
import type { StepInput } from '../domain/step-input.ts';
import { claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { whyKept } from './kept-disks.ts';

/** A node with the modules that drive it. Read afresh by each activity, so that mended settings take effect at the next attempt. */
export interface NodeFacts {
  readonly computer: Computer;
  readonly provisioner: Provisioner;
  readonly library: LibraryPlace;
  readonly shell: Shell;
}

export async function nodeFacts(deps: ActivityDependencies, node: string): Promise<NodeFacts> {
  const computer = await deps.catalog.computers.get(node);
  const provisioner = deps.provisioner(computer.provisioningSystem);
  return {
    computer,
    provisioner,
    library: provisioner.libraryOf?.(computer) ?? deps.library,
    shell: provisioner.guestShell?.(computer) ?? deps.nodeShell(computer),
  };
}

/** The OS module of a revision; UnsupportedError when no operating system is involved. */
export function moduleOf(deps: ActivityDependencies, revision: Revision): OperatingSystem {
  if (revision.osModule !== undefined) return deps.operatingSystem(revision.osModule);
  throw new UnsupportedError(`${revision.operatingSystem} has no OS module`);
}

/** What an activity of a capture works on. Proves at the same time that the run still owns the node. */
export interface CaptureFacts extends NodeFacts {
  readonly revision: Revision;
  readonly request: CaptureRequest;
}

export async function captureFacts(
  deps: ActivityDependencies,
  input: StepInput & CapturePlanRequest,
): Promise<CaptureFacts> {
  return await captureFactsOf(deps, await deps.catalog.claims.fence(claimant(input)), input);
}

/** The same for a fence that was proved already. */
export async function captureFactsOf(
  deps: ActivityDependencies,
  fence: Fence,
  input: CapturePlanRequest,
): Promise<CaptureFacts> {
  const facts = await nodeFacts(deps, fence.node);
  const revision = await deps.catalog.revisions.get(input.revisionId);
  const request: CaptureRequest = {
    computer: facts.computer,
    revision,
    fence,
    library: facts.library,
    staging: libraryPaths(facts.library).staging(fence.owner),
    allowForcedOff: input.allowForcedOff,
    shutdownSeconds: input.shutdownSeconds,
    ...(input.copyRateBytes === undefined ? {} : { copyRateBytes: input.copyRateBytes }),
  };
  return { ...facts, revision, request };
}

/** What an activity of a load works on. Proves at the same time that the run still owns the node. */
export interface LoadFacts extends NodeFacts {
  readonly revision: Revision;
  readonly request: LoadRequest;
}

export async function loadFacts(deps: ActivityDependencies, input: StepInput & LoadPlanRequest): Promise<LoadFacts> {
  return await loadFactsOf(deps, await deps.catalog.claims.fence(claimant(input)), input.revisionId);
}

/**
 * The same for what reads nothing of the copy: an undo, and what belongs behind READY. The library that the run's driver has now may have none; then
 * the request says where it would lie.
 */
export async function loadFactsWithoutCopy(
  deps: ActivityDependencies,
  input: StepInput & LoadPlanRequest,
): Promise<LoadFacts> {
  return await loadFactsWithoutCopyOf(deps, await deps.catalog.claims.fence(claimant(input)), input.revisionId);
}

async function loadFactsOf(deps: ActivityDependencies, fence: Fence, revisionId: number): Promise<LoadFacts> {
  return await loadFactsWith(deps, { fence, revisionId }, ({ image, revision }, { name }) => {
    throw new NotFoundError(`${image}, revision ${String(revision)}, has no copy in library ${name}`);
  });
}

/** `loadFactsWithoutCopy` for a fence that was proved already. */
export async function loadFactsWithoutCopyOf(
  deps: ActivityDependencies,
  fence: Fence,
  revisionId: number,
): Promise<LoadFacts> {
  return await loadFactsWith(deps, { fence, revisionId }, (revision, library) => ({
    revisionId,
    library: library.name,
    path: libraryPaths(library).revision(revision),
    sizeBytes: 0,
  }));
}

async function loadFactsWith(
  deps: ActivityDependencies,
  { fence, revisionId }: LoadPlanRequest & { readonly fence: Fence },
  inPlaceOfCopy: (revision: Revision, library: LibraryPlace) => RevisionCopy,
): Promise<LoadFacts> {
  const facts = await nodeFacts(deps, fence.node);
  const revision = await deps.catalog.revisions.get(revisionId);
  const copy =
    (await deps.catalog.copies.find(revision.id, facts.library.name)) ?? inPlaceOfCopy(revision, facts.library);
  const keptBecause = await whyKept(deps.catalog, fence.node);
  const request: LoadRequest = {
    computer: facts.computer,
    revision,
    copy,
    fence,
    library: facts.library,
    keepOutgoing: keptBecause !== undefined,
    ...(keptBecause === undefined ? {} : { keptBecause }),
  };
  return { ...facts, revision, request };
}
