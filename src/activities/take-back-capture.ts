import type { Fence } from '../domain/fence.ts';
import { nameOfRevision } from '../domain/image.ts';
import { parseCaptureImageInput } from '../domain/inputs.ts';
import { endJobs } from '../library/jobs.ts';
import { readManifest } from '../library/manifest.ts';
import { libraryPaths } from '../library/paths.ts';
import { imageExists, publish } from '../library/publish.ts';
import { setStagingAside } from '../library/set-aside-staging.ts';
import { removeStaging } from '../library/staging.ts';
import { need } from '../provisioners/provisioner.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { begunOf, planOf, type EndedRun } from '../domain/ended-steps.ts';
import { captureFactsOf, type CaptureFacts } from './facts.ts';

/** Settles the copy and the reserved revision of a capture that was cut. Nothing here deletes a complete copy. */
export async function takeBackCapture(deps: ActivityDependencies, ended: EndedRun, fence: Fence): Promise<string[]> {
  const revision = await deps.catalog.revisions.findByOwner(fence.owner);
  if (revision?.state !== 'capturing') return [];
  const facts = await captureFactsOf(deps, fence, { ...inputOf(ended), revisionId: revision.id });
  if (await isPublished(facts)) return await completePublishing(deps, facts);
  const what = isComplete(ended) ? await setCopyAside(deps, facts) : await undoCopy(deps, facts, ended);
  await deps.catalog.revisions.abandon(fence.owner);
  return [...what, `the number of ${nameOfRevision(revision)} is free again`];
}

/** What the undos need to know of the input; where it is not recorded the defaults do, since no undo depends on it. */
export function inputOf({ record }: EndedRun): Pick<CaptureFacts['request'], 'allowForcedOff' | 'shutdownSeconds'> {
  return parseCaptureImageInput({ node: 'unknown', image: 'unknown', ...record?.input });
}

/**
 * Every step of the plan says that it is done: all disks are in staging. By number alone, also where a run was planned anew and the record may still be
 * that of the earlier plan: a copy that is taken for complete is kept, one that is not is deleted.
 */
export function isComplete(ended: EndedRun): boolean {
  const plan = planOf(ended, '4');
  const done = (number: string): boolean => ended.steps.some((step) => step.number === number && step.state === 'done');
  return plan.length > 0 && plan.every((_, index) => done(`5.${String(index + 1)}`));
}

/** Renamed by this run: beyond the point of no return. */
export async function isPublished({ library, revision, request }: CaptureFacts): Promise<boolean> {
  const context = callContext();
  if (!(await imageExists(library, revision, context))) return false;
  const manifest = await readManifest(library, libraryPaths(library).revision(revision), context);
  return manifest.source.run === request.fence.owner && manifest.revisionId === revision.id;
}

/** Step 7.2, which has no way but forward. */
export async function completePublishing(deps: ActivityDependencies, facts: CaptureFacts): Promise<string[]> {
  const { library, revision, request, computer } = facts;
  const context = callContext();
  const manifest = await readManifest(library, libraryPaths(library).revision(revision), context);
  const copy = await publish(library, request.fence, { manifest, files: [] }, context);
  await deps.catalog.setAside.record(computer.name, revision.id);
  await deps.catalog.revisions.publish(request.fence.owner, revision.id, manifest, copy);
  return [`${nameOfRevision(revision)} was in the library already and is available now`];
}

async function setCopyAside(
  deps: ActivityDependencies,
  { library, request, revision }: CaptureFacts,
): Promise<string[]> {
  await endJobs(library, deps.jobs, request.fence, callContext());
  const path = await setStagingAside(library, request.fence, callContext());
  return path === undefined
    ? []
    : [`the complete copy for ${nameOfRevision(revision)} was not published and is kept in ${path}`];
}

async function undoCopy(deps: ActivityDependencies, facts: CaptureFacts, ended: EndedRun): Promise<string[]> {
  const { library, request, provisioner } = facts;
  const undone: string[] = [];
  for (const { planned } of [...begunOf(ended, planOf(ended, '4'), '5')].reverse()) {
    const step = need(provisioner, 'capturing').steps[planned.kind];
    if (step?.undo === undefined) continue;
    await step.undo(request, planned, callContext());
    undone.push(`taken back: ${planned.title}`);
  }
  await endJobs(library, deps.jobs, request.fence, callContext());
  await removeStaging(library, request.fence, callContext());
  return undone;
}
