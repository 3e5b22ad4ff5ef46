import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimantOf, nodeFacts, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** A management node that can drive the simulated system, unless it is given none. */
async function addManagementNode(priority: number | 'drives nothing'): Promise<string> {
  const name = world.fresh('manager');
  await world.catalog.managementNodes.add({ name, address: '192.0.2.9', libraryRoot: '/srv/library' });
  if (priority !== 'drives nothing') await world.catalog.provisioningSystems.allow(name, 'simulated', priority);
  return name;
}

async function addNode(...alsoReachedBy: readonly string[]): Promise<string> {
  return (await world.catalog.computers.add({ ...nodeFacts(world.fresh('lab')), alsoReachedBy })).name;
}

const namesOf = async (node: string): Promise<readonly string[]> =>
  (await world.catalog.drivers.of(node)).map(({ managementNode }) => managementNode);

describe('who can drive a node', () => {
  it('is its own management node alone, whatever that is known to drive, where no other is named', async () => {
    await addManagementNode(1);
    expect(await world.catalog.drivers.of(await world.addNode())).toEqual([{ managementNode: 'mn-1' }]);
    expect(await world.catalog.drivers.of('nowhere')).toEqual([]);
  });

  it('are its own first, then the others that can drive its system, the smallest priority first', async () => {
    const [late, early] = [await addManagementNode(200), await addManagementNode(10)];
    const node = await addNode(late, await addManagementNode('drives nothing'), early);
    expect(await namesOf(node)).toEqual(['mn-1', early, late]);
    await world.catalog.provisioningSystems.allow(late, 'simulated', 5);
    expect(await namesOf(node)).toEqual(['mn-1', late, early]);
    // A worker that starts says what it drives, and nothing of a priority.
    await world.catalog.provisioningSystems.allow(late, 'simulated');
    expect(await namesOf(node)).toEqual(['mn-1', late, early]);
  });

  it('are known with how long ago they were there', async () => {
    const other = await addManagementNode(100);
    const node = await addNode(other);
    await world.catalog.managementNodes.checkIn(other);
    const [own, found] = await world.catalog.drivers.of(node);
    expect(own).not.toHaveProperty('secondsSinceCheckIn');
    expect(found?.secondsSinceCheckIn).toBeLessThan(60);
  });

  it('are changed by an edit, and every name must be known, and not its own', async () => {
    const { computers } = world.catalog;
    const other = await addManagementNode(100);
    const node = await addNode(other);
    expect(await computers.get(node)).toMatchObject({ alsoReachedBy: [other] });
    const edit = async (...alsoReachedBy: readonly string[]) => await computers.edit(node, () => ({ alsoReachedBy }));
    await expect(edit('mn-nowhere')).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(edit('mn-1')).rejects.toMatchObject({ name: 'InvalidInputError' });
    expect(await computers.get(node)).toMatchObject({ alsoReachedBy: [other] });
    expect(await edit()).not.toHaveProperty('alsoReachedBy');
  });

  it('are added while a run owns the node, whom nothing else of it may be changed under', async () => {
    const { claims, computers } = world.catalog;
    const node = await addNode();
    await claims.acquire(claimantOf(node, 'run'), 'loading');
    const other = await addManagementNode(100);
    await expect(computers.edit(node, () => ({ alsoReachedBy: [other] }))).resolves.toMatchObject({
      alsoReachedBy: [other],
    });
    const both = computers.edit(node, () => ({ alsoReachedBy: [], cpus: 8 }));
    await expect(both).rejects.toMatchObject({ name: 'ConflictError' });
  });

  it('goes with the node when it is removed', async () => {
    const node = await addNode(await addManagementNode(100));
    await world.catalog.computers.remove(node);
    expect(await world.catalog.drivers.of(node)).toEqual([]);
  });
});

describe('who drives the run that owns a node', () => {
  it('is kept with the claim, and stays the same when it is claimed once more', async () => {
    const other = await addManagementNode(100);
    const node = await addNode(other);
    const { claims } = world.catalog;
    await claims.acquire(claimantOf(node, 'run'), 'loading', other);
    expect(await claims.find(node)).toMatchObject({ owner: 'run', managementNode: other });
    await claims.acquire(claimantOf(node, 'run', '1/2'), 'loading', 'mn-1');
    expect(await claims.find(node)).toMatchObject({ owner: 'run', managementNode: other });
  });

  it("is the node's own management node where nothing else was said", async () => {
    const node = await world.addNode();
    await world.catalog.claims.acquire(claimantOf(node, 'run'), 'loading');
    expect(await world.catalog.claims.find(node)).toMatchObject({ managementNode: 'mn-1' });
  });
});
