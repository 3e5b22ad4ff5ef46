import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimantOf, nodeFacts, olderThan, openWorld, publishNext, race, ROUNDS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('adding a node', () => {
  it('keeps its facts; it begins available, with nothing known to be loaded', async () => {
    const facts = { ...nodeFacts(world.fresh('lab')), hostKeys: ['ssh-ed25519 AAAA'] };
    const added = await world.catalog.computers.add(facts);
    expect(added).toEqual({ ...facts, id: added.id, state: 'available' });
    expect(await world.catalog.computers.get(facts.name)).toEqual(added);
    expect(await world.catalog.computers.list()).toContainEqual(added);
  });

  it('lets one of two that add the same name at once succeed', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const facts = nodeFacts(world.fresh('lab'));
      const { won, refused } = await race(
        () => world.catalog.computers.add(facts),
        () => world.second.computers.add(facts),
      );
      expect(won).toHaveLength(1);
      expect(refused).toMatchObject([{ name: 'ConflictError', message: `a node "${facts.name}" exists already` }]);
    }
  });

  it('to a management node that is not there is refused', async () => {
    const adding = world.catalog.computers.add({ ...nodeFacts(world.fresh('lab')), managementNode: 'mn-9' });
    await expect(adding).rejects.toMatchObject({
      name: 'NotFoundError',
      message: 'no management node "mn-9" in the catalog',
    });
  });

  it('with facts that cannot be is refused', async () => {
    const adding = world.catalog.computers.add({ ...nodeFacts(world.fresh('lab')), sshPort: 70_000 });
    await expect(adding).rejects.toMatchObject({ name: 'InvalidInputError' });
  });
});

describe('changing the state of a node', () => {
  it('lets one of two that want it at once have it, and tells the other what it found', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const node = await world.addNode();
      const { won, refused } = await race(
        () => world.catalog.computers.changeState(node, ['available'], 'inuse'),
        () => world.second.computers.changeState(node, ['available'], 'inuse'),
      );
      expect(won).toHaveLength(1);
      expect(refused).toMatchObject([{ name: 'ConflictError', message: `node ${node} is inuse, not available` }]);
    }
  });

  it('is refused while a run owns the node, and names the run', async () => {
    const node = await world.addNode();
    await world.catalog.claims.acquire(claimantOf(node, 'run'), 'capturing');
    const changing = world.catalog.computers.changeState(node, ['available', 'capturing'], 'maintenance');
    await expect(changing).rejects.toMatchObject({
      name: 'ConflictError',
      message: `node ${node} is owned by run run`,
    });
    await world.catalog.claims.release(claimantOf(node, 'run'), 'available');
    await world.catalog.computers.changeState(node, ['available'], 'maintenance');
  });

  it('follows the table of transitions', async () => {
    const node = await world.addNode();
    await world.catalog.computers.changeState(node, ['available'], 'loading');
    const changing = world.catalog.computers.changeState(node, ['loading'], 'capturing');
    await expect(changing).rejects.toMatchObject({ message: `node ${node} is loading and cannot become capturing` });
  });
});

describe('recording what is on a node', () => {
  it('is done for the run that owns it', async () => {
    const { fence, node } = await claimed();
    const { id } = await publishNext(world.catalog, world.fresh('run'), world.fresh('web'));
    await world.catalog.computers.recordLoaded(fence, id);
    await world.catalog.computers.recordHostKeys(fence, ['ssh-ed25519 AAAA']);
    expect(await world.catalog.computers.get(node)).toMatchObject({
      currentRevisionId: id,
      hostKeys: ['ssh-ed25519 AAAA'],
    });
    await world.catalog.computers.recordLoaded(fence, undefined);
    expect(await world.catalog.computers.get(node)).not.toHaveProperty('currentRevisionId');
  });

  it('is refused with an epoch that is over, and to another run', async () => {
    const { fence, node } = await claimed();
    const later = await world.catalog.claims.fence(claimantOf(node, 'run', '2/1'));
    expect(olderThan(later)).toEqual(fence);
    await expect(world.catalog.computers.recordLoaded(fence, undefined)).rejects.toMatchObject({
      name: 'ConflictError',
      message: `run run goes on elsewhere: this attempt at node ${node} was superseded`,
    });
    await expect(world.catalog.computers.recordHostKeys({ ...later, owner: 'other' }, [])).rejects.toMatchObject({
      name: 'ConflictError',
      message: `run other no longer owns node ${node}`,
    });
  });

  it('never happens after another attempt took over, however close', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { fence, node } = await claimed();
      const { refused } = await race(
        () => world.catalog.computers.recordHostKeys(fence, ['old']),
        async () => {
          const later = await world.second.claims.fence(claimantOf(node, 'run', '2/1'));
          await world.second.computers.recordHostKeys(later, ['new']);
        },
      );
      expect(refused.every((error) => error.message.endsWith('was superseded'))).toBe(true);
      expect((await world.catalog.computers.get(node)).hostKeys).toEqual(['new']);
    }
  });

  it('names a revision that is not there', async () => {
    const { fence } = await claimed();
    await expect(world.catalog.computers.recordLoaded(fence, 7)).rejects.toMatchObject({ name: 'NotFoundError' });
  });
});

async function claimed() {
  const node = await world.addNode();
  const fence = await world.catalog.claims.acquire(claimantOf(node, 'run'), 'capturing');
  return { node, fence };
}
