import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fence } from '../../../src/domain/fence.ts';
import type { Revision } from '../../../src/domain/image.ts';
import { claimantOf, openWorld, publishNext, race, ROUNDS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const by = 'admin';

/** An image with so many published revisions, the first of which is production. */
async function imageWith(revisions: number): Promise<string> {
  const image = world.fresh('web');
  for (let count = 0; count < revisions; count += 1) await publishNext(world.catalog, world.fresh('run'), image);
  return image;
}

const productionOf = async (image: string): Promise<number | undefined> =>
  (await world.catalog.revisions.findImage(image))?.productionRevision;

async function claimed(): Promise<{ fence: Fence; release: () => Promise<void>; node: string; run: string }> {
  const [node, run] = [await world.addNode(), world.fresh('loadNode')];
  const claimant = claimantOf(node, run);
  const fence = await world.catalog.claims.acquire(claimant, 'loading');
  return { fence, node, run, release: () => world.catalog.claims.release(claimant, 'available') };
}

describe('promoting', () => {
  it('makes a newer and again an older revision the one that the name means, and records who did it', async () => {
    const image = await imageWith(2);
    expect(await productionOf(image)).toBe(1);
    await world.catalog.revisionLife.promote({ image, revision: 2 }, by);
    expect(await world.catalog.revisions.resolve({ image })).toMatchObject({ revision: 2 });
    expect(await world.catalog.revisions.findImage(image)).toMatchObject({ promotedBy: by });
    await world.catalog.revisionLife.promote({ image, revision: 1 }, by);
    await world.catalog.revisionLife.promote({ image, revision: 1 }, by);
    expect(await productionOf(image)).toBe(1);
  });

  it('is refused for a retired revision and for one that is not there', async () => {
    const image = await imageWith(2);
    const second = { image, revision: 2 };
    await world.catalog.revisionLife.retire(second, by);
    await expect(world.catalog.revisionLife.promote(second, by)).rejects.toThrow(
      `${image}@2 is retired; restore it first: imprint images restore ${image}@2`,
    );
    await expect(world.catalog.revisionLife.promote({ image, revision: 9 }, by)).rejects.toMatchObject({
      name: 'NotFoundError',
    });
    expect(await productionOf(image)).toBe(1);
  });

  it('and retiring the same revision at once never leave a production revision that is retired', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const image = await imageWith(2);
      const second = { image, revision: 2 };
      const { won } = await race(
        () => world.catalog.revisionLife.promote(second, by),
        () => world.second.revisionLife.retire(second, by),
      );
      expect(won).toHaveLength(1);
      expect((await world.catalog.revisions.resolve({ image })).state).toBe('available');
    }
  });
});

describe('retiring', () => {
  it('refuses loads by number, is refused for production while there are others, and can be taken back', async () => {
    const image = await imageWith(2);
    const [first, second] = [
      { image, revision: 1 },
      { image, revision: 2 },
    ];
    await expect(world.catalog.revisionLife.retire(first, by)).rejects.toThrow(
      `${image}@1 is the production revision of ${image}; promote another one first`,
    );
    await world.catalog.revisionLife.retire(second, by);
    await world.catalog.revisionLife.retire(second, by);
    await expect(world.catalog.revisions.resolve(second)).rejects.toThrow('is retired');
    const restored = await world.catalog.revisionLife.restore(second, by);
    expect(restored).toMatchObject({ state: 'available', stateChangedBy: by });
    expect(await world.catalog.revisions.resolve(second)).toMatchObject({ revision: 2 });
  });

  it('of the only revision leaves the image without production, until it is restored or another one is published', async () => {
    const image = await imageWith(1);
    await world.catalog.revisionLife.retire({ image, revision: 1 }, by);
    await expect(world.catalog.revisions.resolve({ image })).rejects.toThrow('has no production revision');
    await world.catalog.revisionLife.restore({ image, revision: 1 }, by);
    expect(await productionOf(image)).toBe(1);
    await world.catalog.revisionLife.retire({ image, revision: 1 }, by);
    await publishNext(world.catalog, world.fresh('run'), image);
    expect(await productionOf(image)).toBe(2);
  });
});

describe('deleting a revision', () => {
  const deletion = () => world.catalog.revisionDeletion;

  async function retired(): Promise<Revision & { reference: { image: string; revision: number } }> {
    const image = await imageWith(1);
    const reference = { image, revision: 1 };
    return { ...(await world.catalog.revisionLife.retire(reference, by)), reference };
  }

  it('is refused while it is not retired', async () => {
    const image = await imageWith(1);
    await expect(deletion().begin({ image, revision: 1 }, 'run')).rejects.toThrow(
      `${image}@1 is available; retire it first: imprint images retire ${image}@1`,
    );
  });

  it('names the nodes that are loaded with it, and the loads under way', async () => {
    const image = await imageWith(1);
    const { id } = await world.catalog.revisions.resolve({ image });
    const [a, b, c] = [await claimed(), await claimed(), await claimed()];
    for (const { fence } of [a, b, c]) await world.catalog.revisionUses.hold(fence, id);
    await world.catalog.revisionLife.retire({ image, revision: 1 }, by);
    for (const { fence } of [a, b]) await world.catalog.computers.recordLoaded(fence, id);
    for (const { release } of [a, b]) await release();
    const refused = deletion().check({ image, revision: 1 });
    await expect(refused).rejects.toThrow(`${image}@1 is loaded on ${a.node} and ${b.node}; unload them first`);
    await expect(refused).rejects.toThrow(`${image}@1 is being loaded by ${c.run}; wait for it`);
    // Recorded once, the load goes on although the revision is retired.
    await world.catalog.revisionUses.hold(c.fence, id);
    await c.release();
    expect(await world.catalog.revisionUses.list(id)).toHaveLength(2);
  });

  it('is refused while disks that another load replaced may be clones of it', async () => {
    const [old, other] = [await imageWith(1), await imageWith(1)];
    const { id } = await world.catalog.revisions.resolve({ image: old });
    const { fence, node, release } = await claimed();
    await world.catalog.computers.recordLoaded(fence, id);
    await world.catalog.computers.recordLoaded(fence, (await world.catalog.revisions.resolve({ image: other })).id);
    await world.catalog.revisionLife.retire({ image: old, revision: 1 }, by);
    await expect(deletion().check({ image: old, revision: 1 })).rejects.toThrow(
      `disks that were cloned from ${old}@1 are kept on ${node}; load it once more, or unload it, first`,
    );
    await world.catalog.revisionUses.forgetReplaced(fence);
    await release();
    expect(await deletion().check({ image: old, revision: 1 })).toMatchObject({ image: old });
  });

  it('is refused while its source is the only proof of it, and while its capture goes on', async () => {
    const { id, reference, owner } = await retired();
    const node = await world.addNode();
    await world.catalog.setAside.record(node, id);
    await expect(deletion().check(reference)).rejects.toThrow(
      `the disk of ${node} is kept until ${reference.image}@1 has been READY once`,
    );
    await world.catalog.revisions.recordReady(id);
    const claimant = claimantOf(node, owner ?? '');
    await world.catalog.claims.acquire(claimant, 'capturing');
    await expect(deletion().check(reference)).rejects.toThrow(`is being captured by ${String(owner)}`);
    await world.catalog.claims.release(claimant, 'previous');
    expect(await deletion().check(reference)).toMatchObject({ id });
  });

  it('keeps its row, so that its number never comes again, and refuses it for good', async () => {
    const { id, reference } = await retired();
    await deletion().begin(reference, 'run-1');
    await deletion().begin(reference, 'run-1');
    await expect(deletion().finish(id, 'run-1', by)).rejects.toThrow('still has copies');
    await deletion().forgetCopy(id, 'mn-1');
    await deletion().forgetCopy(id, 'mn-1');
    await deletion().finish(id, 'run-1', by);
    await deletion().finish(id, 'run-1', by);
    expect(await world.catalog.revisions.get(id)).toMatchObject({ state: 'deleted', stateChangedBy: by });
    await expect(world.catalog.revisions.resolve(reference)).rejects.toThrow('was deleted');
    await expect(world.catalog.revisionLife.restore(reference, by)).rejects.toThrow('is deleted; only a retired');
    expect(await publishNext(world.catalog, world.fresh('run'), reference.image)).toMatchObject({ revision: 2 });
  });

  it('that another run has begun is refused, or taken over when that one has stopped', async () => {
    const { id, reference } = await retired();
    await deletion().begin(reference, 'run-1');
    await expect(deletion().begin(reference, 'run-2')).rejects.toThrow('is being deleted by run run-1');
    expect(await deletion().deletingRun(id)).toBe('run-1');
    await deletion().begin(reference, 'run-2', 'run-1');
    await deletion().takeBack(id, 'run-1');
    expect(await world.catalog.revisions.get(id)).toMatchObject({ state: 'deleting' });
    await deletion().takeBack(id, 'run-2');
    expect(await world.catalog.revisions.get(id)).toMatchObject({ state: 'retired' });
  });

  it('does not come back once a run has begun to remove its bytes, whichever run is taken back', async () => {
    const { id, reference } = await retired();
    const node = `${reference.image}-v${String(reference.revision)}`;
    const run = world.fresh('deleteRevision');
    await world.catalog.runs.register({ id: run, procedure: 'deleteRevision', node, input: { ...reference } });
    await deletion().begin(reference, run);
    const title = 'Delete it in library mn-1';
    await world.catalog.runs.recordStep(run, { number: '2.1', title, state: 'failed', attempt: 1 });
    await deletion().begin(reference, 'its successor', run);
    await deletion().takeBack(id, 'its successor');
    expect(await world.catalog.revisions.get(id)).toMatchObject({ state: 'deleting' });
  });

  it('and loading it at the same moment never both begin', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const image = await imageWith(1);
      const reference = { image, revision: 1 };
      const { id } = await world.catalog.revisions.resolve(reference);
      const { fence, release } = await claimed();
      const { won } = await race<unknown>(
        () => world.catalog.revisionUses.hold(fence, id).then(() => 'held'),
        async () => {
          await world.second.revisionLife.retire(reference, by);
          return await world.second.revisionDeletion.begin(reference, world.fresh('run'));
        },
      );
      expect(won).toHaveLength(1);
      await release();
    }
  });

  it('waits for the lock of a load: without that lock both would begin', async () => {
    const outcome = async (lock: string): Promise<string> => {
      const { id, reference } = await retired();
      await world.catalog.revisionLife.restore(reference, by);
      const node = await world.addNode();
      await world.catalog.claims.acquire(claimantOf(node, world.fresh('loadNode')), 'loading');
      const loading = new pg.Client({ connectionString: world.databaseUrl });
      await loading.connect();
      await loading.query('BEGIN');
      // What `hold` does, cut in the middle.
      await loading.query(`SELECT state FROM revisions WHERE id = $1 ${lock}`, [id]);
      const deleting = world.second.revisionLife
        .retire(reference, by)
        .then(() => world.second.revisionDeletion.begin(reference, world.fresh('run')))
        .then(
          () => 'deleting too',
          (error: unknown) => String(error),
        );
      await waitUntilBlocked(deleting);
      await loading.query('INSERT INTO claim_revisions SELECT id, $2 FROM computers WHERE name = $1', [node, id]);
      await loading.query('COMMIT');
      await loading.end();
      return await deleting;
    };
    expect(await outcome('FOR SHARE')).toContain('is being loaded by');
    expect(await outcome('')).toBe('deleting too');
  });

  /** Until the call is over, or PostgreSQL says that it waits for a lock. */
  async function waitUntilBlocked(call: Promise<unknown>): Promise<void> {
    const observer = new pg.Client({ connectionString: world.databaseUrl });
    await observer.connect();
    let over = false;
    void call.then(() => (over = true));
    await expect
      .poll(
        async () => {
          const sql = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
          return over || (await observer.query(sql)).rowCount !== 0;
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    await observer.end();
  }
});
