import type { CopyTransfer } from '../domain/copy-transfer.ts';
import { ConflictError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import { revisionName } from '../domain/names.ts';
import { slotResource } from '../domain/slots.ts';
import { pauseTransfer } from '../library/bring-copy.ts';
import { removeStaging } from '../library/staging.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';

/**
 * Ends what the run does to bring copies into this library, and proves it dead. What was brought so far is removed, unless another run waits for it
 * and goes on with it. Of nothing, and of what another run has taken over: success.
 */
export async function leaveTransfer(deps: ActivityDependencies, fence: Fence, library: LibraryPlace): Promise<void> {
  const { catalog } = deps;
  const unfinished = await catalog.copyTransfers.unfinished(fence.owner);
  for (const transfer of unfinished.filter((one) => one.library === library.name)) {
    await leave(deps, fence, { transfer, library });
  }
  await catalog.slots.release(fence.owner, 'check');
}

interface Left {
  readonly transfer: CopyTransfer;
  readonly library: LibraryPlace;
}

async function leave(deps: ActivityDependencies, fence: Fence, { transfer, library }: Left): Promise<void> {
  const { copyTransfers } = deps.catalog;
  // Whoever has a turn begins with its epoch, and is not disturbed by one that comes to leave later.
  if (await othersNeed(deps, fence.owner, transfer, 'has')) return;
  const over = await copyTransfers.begin(fence, transfer);
  try {
    await pauseTransfer(library, deps.jobs, over, callContext());
    if (!(await othersNeed(deps, fence.owner, transfer, 'needs'))) await removeStaging(library, over, callContext());
  } catch (error) {
    const carrier = await copyTransfers.carrier(transfer.revisionId, transfer.library);
    if (!(error instanceof ConflictError) || carrier === fence.owner) throw error;
  }
}

/** Whether another run has the turn to bring or prove the copy, or needs it: has the turn or waits for it. */
async function othersNeed(
  { catalog }: ActivityDependencies,
  run: string,
  { library, image, revision }: CopyTransfer,
  how: 'has' | 'needs',
): Promise<boolean> {
  const resource = slotResource('check', `${library}/${revisionName(image, revision)}`);
  const state = (await catalog.slots.list()).find((one) => one.resource === resource);
  const users = [...(state?.holders ?? []), ...(how === 'needs' ? (state?.queue ?? []) : [])];
  return users.some((user) => user.run !== run);
}
