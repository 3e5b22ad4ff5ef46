import { revisionOfTransfer } from '../../domain/copy-transfer.ts';
import { ConflictError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import { removeOrders } from '../../library/imaging-orders.ts';
import { exists, highestEpoch, listJobs, listStaging, type RunDirectory } from '../../library/inventory.ts';
import { endJobs } from '../../library/jobs.ts';
import { MANIFEST_FILE } from '../../library/manifest.ts';
import { libraryPaths } from '../../library/paths.ts';
import { setStagingAside } from '../../library/set-aside-staging.ts';
import { removeStaging } from '../../library/staging.ts';
import type { LibraryPlace } from '../../remote/library-place.ts';
import { callContext } from '../call.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { standingOf } from './standing.ts';
import { usersOfTransfer } from './users-of-transfer.ts';
import { isComplete } from '../take-back-capture.ts';

/**
 * Ends the jobs that a run which is over has in a library and proves them dead; then removes its staging directory where the catalog's record shows
 * that the copy is incomplete, and moves it to `.kept` otherwise. Its imaging orders go last. Of nothing: nothing. Answers what was done, in sentences.
 */
export async function clearLibrary(
  deps: ActivityDependencies,
  place: LibraryPlace,
  run: string,
): Promise<readonly string[]> {
  const context = callContext();
  const fence = await fenceOver(deps, place, run);
  const jobs = ownedBy(run, await listJobs(place, context));
  await endJobs(place, deps.jobs, fence, context);
  const ended = jobs.length === 0 ? [] : [`${String(jobs.length)} jobs were ended and proved dead`];
  const staging = libraryPaths(place).staging(run);
  const isThere = await exists(place, staging, context);
  const kept =
    isThere && !(await isIncomplete(deps, place, run)) ? await setStagingAside(place, fence, context) : undefined;
  const half = ownedBy(run, await listStaging(place, context));
  if (half.length > 0) await removeStaging(place, fence, context);
  const orders = await removeOrders(place, run, context);
  return [
    ...ended,
    ...(kept === undefined ? [] : [`what was staged is kept in ${kept}`]),
    ...(half.length === 0 ? [] : ['an incomplete copy was removed']),
    ...(orders === 0 ? [] : [`${String(orders)} imaging orders were removed`]),
  ];
}

function ownedBy(run: string, found: readonly RunDirectory[]): readonly RunDirectory[] {
  return found.filter(({ owner }) => owner === run);
}

/** Whoever comes back for the run is refused from here on. The record is the run's own, so this stands in no other run's way. */
export async function fenceAbove(place: LibraryPlace, run: string, node = ''): Promise<Fence> {
  return { node, owner: run, epoch: (await highestEpoch(place, run, callContext())) + 1 };
}

/**
 * A transfer has its epochs from the catalog. Only then is it looked whether a run works at it: one that begins later has a higher epoch, and is not
 * disturbed.
 */
async function fenceOver(deps: ActivityDependencies, place: LibraryPlace, run: string): Promise<Fence> {
  if (revisionOfTransfer(run) === undefined) return await fenceAbove(place, run);
  const fence = await deps.catalog.copyTransfers.supersede(run);
  for (const user of await usersOfTransfer(deps.catalog, run)) {
    if ((await standingOf(deps, user)) !== 'live') continue;
    throw new ConflictError(`run ${user} goes on, and needs what ${run} brings: nothing of it is touched`);
  }
  return fence ?? (await fenceAbove(place, run));
}

/** Only what is known to be incomplete is deleted: a capture whose plan was not carried out to its end, and that had not begun to publish. */
async function isIncomplete({ catalog }: ActivityDependencies, place: LibraryPlace, run: string): Promise<boolean> {
  // What is brought lies whole in the library that it comes from.
  if (revisionOfTransfer(run) !== undefined) return true;
  const record = await catalog.runs.find(run);
  if (record?.procedure !== 'captureImage') return false;
  if (isComplete({ record, steps: await catalog.runs.steps(run) })) return false;
  return !(await exists(place, `${libraryPaths(place).staging(run)}/${MANIFEST_FILE}`, callContext()));
}
