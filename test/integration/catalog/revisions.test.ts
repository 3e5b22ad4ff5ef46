import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  claimantOf,
  copyOf,
  manifestOf,
  olderThan,
  openWorld,
  publishNext,
  race,
  reservation,
  ROUNDS,
} from './world.ts';
import type { World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('reserving a revision', () => {
  it.each(['a new image', 'an image that has a revision'])(
    'of %s lets one of two runs at once have it',
    async (which) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const image = world.fresh('web');
        if (which !== 'a new image') await publishNext(world.catalog, world.fresh('run'), image);
        const { won, refused } = await race(
          () => world.catalog.revisions.reserve(reservation(world.fresh('run'), image)),
          () => world.second.revisions.reserve(reservation(world.fresh('run'), image)),
        );
        expect(won).toHaveLength(1);
        const { revision, owner } = won[0] ?? {};
        const message = `revision ${String(revision)} of image ${image} is being captured by run ${String(owner)}`;
        expect(refused).toMatchObject([{ name: 'ConflictError', message }]);
      }
    },
  );

  it('gives two attempts of one run at once the same one', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const request = reservation(world.fresh('run'), world.fresh('web'));
      const { won } = await race(
        () => world.catalog.revisions.reserve(request),
        () => world.second.revisions.reserve(request),
      );
      expect(won).toHaveLength(2);
      expect(won[0]).toEqual(won[1]);
    }
  });

  it('is refused by a key of the database, too, where no lock was taken', async () => {
    const image = world.fresh('web');
    const { imageId } = await world.catalog.revisions.reserve(reservation(world.fresh('run'), image));
    const client = new pg.Client({ connectionString: world.databaseUrl });
    await client.connect();
    const insert = `INSERT INTO revisions (image_id, number, owner, comment, author) VALUES ($1, $2, $3, '', '')`;
    await expect(client.query(insert, [imageId, 2, 'x'])).rejects.toMatchObject({
      constraint: 'revisions_one_capturing',
    });
    await expect(client.query(insert, [imageId, 1, 'x'])).rejects.toMatchObject({
      constraint: 'revisions_image_id_number_key',
    });
    await client.end();
  });

  it('counts from 1 and takes its facts from the request', async () => {
    const image = world.fresh('web');
    const first = await publishNext(world.catalog, world.fresh('run'), image);
    const owner = world.fresh('run');
    const second = await world.catalog.revisions.reserve({ ...reservation(owner, image), capturedFrom: 'lab-1' });
    expect([first.revision, second.revision]).toEqual([1, 2]);
    expect(second).toMatchObject({ image, owner, state: 'capturing', operatingSystem: 'debian-12', osModule: 'linux' });
    expect(second).not.toHaveProperty('manifest');
    expect(await world.catalog.revisions.findByOwner(owner)).toEqual(second);
    expect((await world.catalog.revisions.list(image)).map((one) => one.revision)).toEqual([2, 1]);
  });

  it('leaves out the OS module where no operating system is involved', async () => {
    const revision = await world.catalog.revisions.reserve(
      reservation(world.fresh('run'), world.fresh('net'), 'router'),
    );
    expect(revision).not.toHaveProperty('osModule');
  });

  it('is refused for an image that holds another operating system', async () => {
    const image = world.fresh('web');
    await publishNext(world.catalog, world.fresh('run'), image);
    await expect(world.catalog.revisions.reserve(reservation('other', image, 'router'))).rejects.toMatchObject({
      name: 'ConflictError',
      message: `image ${image} holds debian-12; a revision with router needs another name`,
    });
  });

  it('of an operating system that is not there makes no image', async () => {
    const image = world.fresh('web');
    await expect(world.catalog.revisions.reserve(reservation('x', image, 'plan9'))).rejects.toMatchObject({
      name: 'NotFoundError',
      message: 'no operating system "plan9" in the catalog',
    });
    expect(await world.catalog.revisions.findImage(image)).toBeUndefined();
  });

  it('is refused to a run that has reserved a revision of another image', async () => {
    const owner = world.fresh('run');
    const { image } = await world.catalog.revisions.reserve(reservation(owner, world.fresh('web')));
    await expect(world.catalog.revisions.reserve(reservation(owner, world.fresh('web')))).rejects.toMatchObject({
      name: 'ConflictError',
      message: `run ${owner} has reserved revision 1 of ${image} (debian-12) already`,
    });
  });

  it('with a fence is refused once another attempt took over or the node was given back', async () => {
    const node = await world.addNode();
    const owner = world.fresh('run');
    const fence = await world.catalog.claims.acquire(claimantOf(node, owner), 'capturing');
    const request = reservation(owner, world.fresh('web'));
    await expect(world.catalog.revisions.reserve({ ...request, fence: olderThan(fence) })).rejects.toThrow(
      'superseded',
    );
    await world.catalog.revisions.reserve({ ...request, fence });
    await world.catalog.revisions.abandon(owner);
    await world.catalog.claims.release(claimantOf(node, owner, '9/1'), 'available');
    await expect(world.catalog.revisions.reserve({ ...request, fence })).rejects.toThrow('no longer owns');
  });
});

describe('abandoning a reservation', () => {
  it('removes the revision and the image that was made for it, and succeeds again', async () => {
    const owner = world.fresh('run');
    const { image } = await world.catalog.revisions.reserve(reservation(owner, world.fresh('web')));
    for (const again of [1, 2]) {
      await world.catalog.revisions.abandon(owner);
      expect(await world.catalog.revisions.findByOwner(owner), String(again)).toBeUndefined();
      expect(await world.catalog.revisions.findImage(image)).toBeUndefined();
    }
  });

  it('keeps an image that has another revision, and its number is used again', async () => {
    const image = world.fresh('web');
    await publishNext(world.catalog, world.fresh('run'), image);
    const owner = world.fresh('run');
    await world.catalog.revisions.reserve(reservation(owner, image));
    await world.catalog.revisions.abandon(owner);
    expect((await world.catalog.revisions.list(image)).map((one) => one.revision)).toEqual([1]);
    expect((await world.catalog.revisions.reserve(reservation(owner, image))).revision).toBe(2);
  });

  it('does nothing to a revision that was published', async () => {
    const owner = world.fresh('run');
    const revision = await publishNext(world.catalog, owner, world.fresh('web'));
    await world.catalog.revisions.abandon(owner);
    expect(await world.catalog.revisions.get(revision.id)).toEqual(revision);
  });

  it('while another run reserves leaves an image exactly where that run has a revision of it', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const image = world.fresh('web');
      const [first, next] = [world.fresh('run'), world.fresh('run')];
      await world.catalog.revisions.reserve(reservation(first, image));
      await race<unknown>(
        () => world.catalog.revisions.abandon(first),
        () => world.second.revisions.reserve(reservation(next, image)),
      );
      const reserved = await world.catalog.revisions.findByOwner(next);
      expect((await world.catalog.revisions.findImage(image))?.name).toBe(reserved?.image);
      expect(await world.catalog.revisions.findByOwner(first)).toBeUndefined();
    }
  });
});

describe('publishing a revision', () => {
  it('makes it available with its manifest and copy, and the first one production', async () => {
    const owner = world.fresh('run');
    const image = world.fresh('web');
    const reserved = await world.catalog.revisions.reserve(reservation(owner, image));
    const published = await world.catalog.revisions.publish(owner, reserved.id, manifestOf(reserved), copyOf(reserved));
    expect(published).toEqual({
      ...reserved,
      state: 'available',
      manifest: manifestOf(reserved),
      sizeBytes: copyOf(reserved).sizeBytes,
    });
    expect(await world.catalog.revisions.findImage(image)).toMatchObject({ productionRevision: 1 });
    expect(await world.catalog.copies.list(reserved.id)).toEqual([copyOf(reserved)]);
    await publishNext(world.catalog, world.fresh('run'), image);
    expect(await world.catalog.revisions.findImage(image)).toMatchObject({ productionRevision: 1 });
  });

  it('twice at once by two attempts of its run succeeds twice and publishes once', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const owner = world.fresh('run');
      const revision = await world.catalog.revisions.reserve(reservation(owner, world.fresh('web')));
      const { won } = await race(
        ...[world.catalog, world.second].map(
          (catalog) => () => catalog.revisions.publish(owner, revision.id, manifestOf(revision), copyOf(revision)),
        ),
      );
      expect(won.map((one) => one.state)).toEqual(['available', 'available']);
      expect(await world.catalog.copies.list(revision.id)).toHaveLength(1);
    }
  });

  it('and abandoning it at once ends with one of the two', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const owner = world.fresh('run');
      const revision = await world.catalog.revisions.reserve(reservation(owner, world.fresh('web')));
      const { refused } = await race<unknown>(
        () => world.catalog.revisions.publish(owner, revision.id, manifestOf(revision), copyOf(revision)),
        () => world.second.revisions.abandon(owner),
      );
      const left = await world.catalog.revisions.findByOwner(owner);
      expect(left?.state).toBe(refused.length === 0 ? 'available' : undefined);
    }
  });

  it('is refused to a run that did not reserve it', async () => {
    const owner = world.fresh('run');
    const revision = await world.catalog.revisions.reserve(reservation(owner, world.fresh('web')));
    const publishing = world.catalog.revisions.publish('other', revision.id, manifestOf(revision), copyOf(revision));
    await expect(publishing).rejects.toMatchObject({
      name: 'ConflictError',
      message: `revision 1 of image ${revision.image} is owned by run ${owner}`,
    });
    expect((await world.catalog.revisions.get(revision.id)).state).toBe('capturing');
  });

  it('is refused when it was abandoned', async () => {
    const owner = world.fresh('run');
    const revision = await world.catalog.revisions.reserve(reservation(owner, world.fresh('web')));
    await world.catalog.revisions.abandon(owner);
    const publishing = world.catalog.revisions.publish(owner, revision.id, manifestOf(revision), copyOf(revision));
    await expect(publishing).rejects.toMatchObject({ name: 'ConflictError' });
  });

  it('is refused with the manifest or the copy of another revision', async () => {
    const owner = world.fresh('run');
    const own = await world.catalog.revisions.reserve(reservation(owner, world.fresh('web')));
    const other = await publishNext(world.catalog, world.fresh('run'), world.fresh('web'));
    const pairs = [
      [manifestOf(other), copyOf(own)],
      [manifestOf(own), copyOf(other)],
    ] as const;
    for (const [manifest, copy] of pairs) {
      await expect(world.catalog.revisions.publish(owner, own.id, manifest, copy)).rejects.toMatchObject({
        name: 'InvalidInputError',
      });
    }
    expect((await world.catalog.revisions.get(own.id)).state).toBe('capturing');
  });
});

describe('recording that a revision was READY', () => {
  it('says to one of two at once that it was the first time', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await publishNext(world.catalog, world.fresh('run'), world.fresh('web'));
      const { won } = await race(
        () => world.catalog.revisions.recordReady(id),
        () => world.second.revisions.recordReady(id),
      );
      expect([...won].sort()).toEqual([false, true]);
    }
  });

  it('of a revision that is not there says so', async () => {
    await expect(world.catalog.revisions.recordReady(7)).rejects.toMatchObject({ name: 'NotFoundError' });
  });
});

describe('resolving a reference', () => {
  it('finds the revision that is named, or the production revision', async () => {
    const image = world.fresh('web');
    const first = await publishNext(world.catalog, world.fresh('run'), image);
    const second = await publishNext(world.catalog, world.fresh('run'), image);
    expect(await world.catalog.revisions.resolve({ image })).toEqual(first);
    expect(await world.catalog.revisions.resolve({ image, revision: 2 })).toEqual(second);
  });

  it('names images that are alike', async () => {
    const image = world.fresh('notebook');
    await publishNext(world.catalog, world.fresh('run'), image);
    await expect(world.catalog.revisions.resolve({ image: 'note' })).rejects.toMatchObject({
      name: 'NotFoundError',
      message: `no image "note" in the catalog; alike: ${image}`,
    });
  });

  it('is refused while the only revision is being captured', async () => {
    const owner = world.fresh('run');
    const { image } = await world.catalog.revisions.reserve(reservation(owner, world.fresh('web')));
    await expect(world.catalog.revisions.resolve({ image })).rejects.toMatchObject({
      name: 'ConflictError',
      message: `revision 1 of image ${image} is still being captured by run ${owner}`,
    });
  });
});
