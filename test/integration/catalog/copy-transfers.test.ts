import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transferOwner, type CopyTransfer } from '../../../src/domain/copy-transfer.ts';
import type { Fence } from '../../../src/domain/fence.ts';
import type { Revision } from '../../../src/domain/image.ts';
import { prepare } from '../../../src/library/prepare.ts';
import { openStaging, removeStaging } from '../../../src/library/staging.ts';
import { createJobs } from '../../../src/remote/jobs.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import type { LibraryPlace } from '../../../src/remote/library-place.ts';
import { claimantOf, openWorld, publishNext, type World } from './world.ts';

const context = { signal: new AbortController().signal, progress: () => undefined };
const jobs = createJobs();

let world: World;
let library: LibraryPlace;
beforeAll(async () => {
  world = await openWorld();
  library = { name: 'mn-2', root: await mkdtemp(join(tmpdir(), 'imprint-transfers-')), shell: createLocalShell() };
  await prepare(library, context);
});
afterAll(async () => {
  await world.close();
  await rm(library.root, { recursive: true, force: true });
});

function transferOf({ id: revisionId, image, revision }: Revision): CopyTransfer {
  return { revisionId, image, revision, library: library.name };
}

/** A run that owns a node of its own begins to bring the copy. */
async function begun(transfer: CopyTransfer): Promise<Fence> {
  const node = await world.addNode();
  const fence = await world.catalog.claims.acquire(claimantOf(node, `loadNode/${node}/1`), 'loading');
  return await world.catalog.copyTransfers.begin(fence, transfer);
}

/** The next revision of an image, begun to be brought into the library. */
async function bringing(image: string) {
  const transfer = transferOf(await publishNext(world.catalog, `captureImage/${world.fresh('lab')}/1`, image));
  return { transfer, owner: transferOwner(transfer), fence: await begun(transfer) };
}

async function supersede(owner: string): Promise<Fence> {
  const fence = await world.second.copyTransfers.supersede(owner);
  if (fence === undefined) throw new Error(`nobody brings ${owner}`);
  return fence;
}

describe('a transfer that is superseded', () => {
  it('has an epoch above that of whoever brings it, and the next who begins one above that', async () => {
    const { transfer, owner, fence } = await bringing(world.fresh('web'));
    const first = await supersede(owner);
    expect(first).toEqual({ node: '', owner, epoch: fence.epoch + 1 });
    expect((await supersede(owner)).epoch).toBe(fence.epoch + 2);
    expect(await begun(transfer)).toMatchObject({ owner, epoch: fence.epoch + 3 });
  });

  it('stays the work of the run that brings it, in the record', async () => {
    const { transfer, owner, fence } = await bringing(world.fresh('web'));
    const run = await world.catalog.copyTransfers.carrier(transfer.revisionId, library.name);
    await supersede(owner);
    expect(fence.owner).toBe(owner);
    expect(run).toMatch(/^loadNode\//);
    expect(await world.catalog.copyTransfers.carrier(transfer.revisionId, library.name)).toBe(run);
    expect(await world.catalog.copyTransfers.open()).toContainEqual({ ...transfer, run });
  });

  it('takes staging and jobs from the one who began; who begins later acts again', async () => {
    const { transfer, owner, fence } = await bringing(world.fresh('web'));
    const job = join(library.root, '.jobs', world.fresh('job'), 'sleeping');
    const sleeping = { id: 'sleeping', directory: job, file: 'sleep', args: ['600'] };
    await openStaging(library, fence, context);
    await jobs.ensure(library.shell, { ...sleeping, fence }, context);
    // Control: until then the one who began is refused nothing.
    await openStaging(library, fence, context);

    const over = await supersede(owner);
    await jobs.end(library.shell, job, over, context);
    await removeStaging(library, over, context);
    const refused = { name: 'ConflictError' };
    await expect(openStaging(library, fence, context)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining(`a later attempt of run ${owner} has taken over`),
    });
    await expect(removeStaging(library, fence, context)).rejects.toMatchObject(refused);
    await expect(jobs.ensure(library.shell, { ...sleeping, fence }, context)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('was taken over by a later attempt'),
    });
    await openStaging(library, await begun(transfer), context);
    await expect(removeStaging(library, over, context)).rejects.toMatchObject(refused);
  });

  it('is undefined where nobody has begun, and for what is the name of no transfer', async () => {
    const image = world.fresh('web');
    const revision = await publishNext(world.catalog, 'captureImage/lab-1/1', image);
    for (const owner of [
      transferOwner(transferOf(revision)),
      transferOwner({ ...transferOf(revision), revision: 2 }),
      transferOwner(transferOf({ ...revision, image: world.fresh('web') })),
      'captureImage/lab-1/1',
      '',
    ]) {
      expect(await world.catalog.copyTransfers.supersede(owner)).toBeUndefined();
    }
    expect(await begun(transferOf(revision))).toMatchObject({ epoch: 1 });
  });

  it('is the one that is named: no other revision, no other library, no image whose name ends like a revision', async () => {
    const image = world.fresh('lab');
    const all = [await bringing(image), await bringing(image), await bringing(`${image}-v1`)];
    const named = await bringing(`${image}-v1`);
    const elsewhere = { ...named.transfer, library: 'mn-3' };
    await begun(elsewhere);
    all.push(named);
    expect(all.map(({ owner }) => owner)).toEqual([
      `bringCopy/mn-2/${image}-v1`,
      `bringCopy/mn-2/${image}-v2`,
      `bringCopy/mn-2/${image}-v1-v1`,
      `bringCopy/mn-2/${image}-v1-v2`,
    ]);
    await supersede(named.owner);
    // What each gets next says how often its epoch was raised before.
    const next: number[] = [];
    for (const transfer of [...all.map((one) => one.transfer), elsewhere]) next.push((await begun(transfer)).epoch);
    expect(next).toEqual([2, 2, 2, 3, 2]);
  });
});
