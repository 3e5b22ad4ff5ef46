import { ConflictError, NotFoundError } from '../../domain/errors.ts';
import type { Mending } from '../../domain/finding.ts';
import { nameOfRevision } from '../../domain/image.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { captureFactsOf, nodeFacts } from '../facts.ts';
import { settleRun } from '../settle-run.ts';
import { completePublishing, inputOf, isPublished } from '../take-back-capture.ts';
import { librariesOf } from './audit-management-node.ts';
import { clearLibrary, fenceAbove } from './clear-library.ts';
import { standingOf } from './standing.ts';

/** What an activity mends; a claim is taken over by a run. */
export type DirectMending = Exclude<Mending, { readonly by: 'free-node' }>;

const nothingLeft = 'nothing is left of it';

/**
 * Does what a finding says, and answers what was done. ConflictError when the run is live (again), or when something else has to be mended first.
 */
export async function mend(deps: ActivityDependencies, mending: DirectMending): Promise<string> {
  const { catalog } = deps;
  if (mending.by === 'lay-up-node') return await layUp(deps, mending);
  await refuseLive(deps, mending.run);
  switch (mending.by) {
    case 'settle-run': {
      const settled = await settleRun(deps, await catalog.runs.get(mending.run));
      return settled ? 'its end is recorded' : nothingLeft;
    }
    case 'release-slots':
      await catalog.slots.release(mending.run);
      return 'its slots are free';
    case 'give-capture-up':
      return await giveCaptureUp(deps, mending.run);
    case 'clear-library':
      return await clear(deps, mending);
  }
}

async function refuseLive(deps: ActivityDependencies, run: string): Promise<void> {
  if ((await standingOf(deps, run)) === 'live') throw new ConflictError(`run ${run} goes on: nothing of it is touched`);
}

/** What a run owns through its claim is taken back by whoever takes the node over, with all that hangs together. */
async function refuseClaimed({ catalog }: ActivityDependencies, run: string): Promise<void> {
  const claim = (await catalog.claims.list()).find(({ owner }) => owner === run);
  if (claim === undefined) return;
  throw new ConflictError(`run ${run} still owns node ${claim.node}: that is mended first`);
}

async function layUp(
  { catalog }: ActivityDependencies,
  { node, from }: Extract<DirectMending, { by: 'lay-up-node' }>,
): Promise<string> {
  await catalog.computers.changeState(node, [from], 'maintenance');
  return `${node} is in maintenance`;
}

async function giveCaptureUp(deps: ActivityDependencies, run: string): Promise<string> {
  await refuseClaimed(deps, run);
  const { catalog } = deps;
  const revision = await catalog.revisions.findByOwner(run);
  if (revision?.state !== 'capturing') return nothingLeft;
  const ended = { record: await catalog.runs.find(run), steps: await catalog.runs.steps(run) };
  const node = run.split('/')[1] ?? '';
  const { library } = await nodeFacts(deps, node);
  // Nothing here acts on the node, which may belong to another run by now: the library's own records decide about the epoch.
  const fence = await fenceAbove(library, run, node);
  const facts = await captureFactsOf(deps, fence, { ...inputOf(ended), revisionId: revision.id });
  const published = (await isPublished(facts)) ? await completePublishing(deps, facts) : undefined;
  const cleared = await clearLibrary(deps, library, run);
  if (published !== undefined) return [...published, ...cleared].join('; ');
  await catalog.revisions.abandon(run);
  return [...cleared, `the number of ${nameOfRevision(revision)} is free again`].join('; ');
}

async function clear(
  deps: ActivityDependencies,
  { run, library, managementNode }: Extract<DirectMending, { by: 'clear-library' }>,
): Promise<string> {
  await refuseClaimed(deps, run);
  if ((await deps.catalog.revisions.findByOwner(run))?.state === 'capturing') {
    throw new ConflictError(`run ${run} still has a revision reserved: that is mended first`);
  }
  const computers = (await deps.catalog.computers.list()).filter((one) => one.managementNode === managementNode);
  const place = librariesOf(deps, computers).find(({ name }) => name === library);
  if (place === undefined)
    throw new NotFoundError(`management node ${managementNode} has no library ${library} any more`);
  const done = await clearLibrary(deps, place, run);
  return done.length === 0 ? nothingLeft : done.join('; ');
}
