import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimantOf, openWorld, race, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const request = { by: 'operator', reason: 'looked at it' };
const former = (node: string, attempt = '1/1') => claimantOf(node, 'captureImage/lab/over', attempt, 'taken over');
const next = (node: string) => claimantOf(node, 'loadNode/lab/next');

async function claimedNode(): Promise<string> {
  const node = await world.addNode();
  await world.catalog.claims.acquire(claimantOf(node, 'captureImage/lab/over'), 'capturing');
  return node;
}

describe('giving a node free', () => {
  it('makes it available once, and records who did and why', async () => {
    const node = await world.addNode();
    await world.catalog.computers.changeState(node, ['available'], 'maintenance');
    const { won } = await race(
      () => world.catalog.nodeReleases.release(node, request),
      () => world.second.nodeReleases.release(node, request),
    );
    expect([...won].sort()).toEqual([false, true]);
    expect((await world.catalog.computers.get(node)).state).toBe('available');
    expect(await world.catalog.nodeReleases.list(node)).toMatchObject([{ ...request, fromState: 'maintenance' }]);
  });

  it('is refused for a node that a run owns, or that is in use', async () => {
    const owned = await claimedNode();
    const refused = { name: 'ConflictError', evidence: { owner: 'captureImage/lab/over' } };
    await expect(world.catalog.nodeReleases.release(owned, request)).rejects.toMatchObject(refused);
    const used = await world.addNode();
    await world.catalog.computers.changeState(used, ['available'], 'inuse');
    await expect(world.catalog.nodeReleases.release(used, request)).rejects.toThrow(/is inuse/);
    await expect(world.catalog.nodeReleases.release('nowhere', request)).rejects.toMatchObject({
      name: 'NotFoundError',
    });
  });

  it('is recorded once by the run that does it', async () => {
    const node = await claimedNode();
    const fence = await world.catalog.claims.fence(claimantOf(node, 'captureImage/lab/over', '2/1'));
    for (let times = 0; times < 2; times += 1) await world.catalog.nodeReleases.record(fence, request);
    expect(await world.catalog.nodeReleases.list(node)).toHaveLength(1);
  });
});

describe('the claim of a run that is over', () => {
  it('goes to another run with a higher epoch; whoever acted for the first is refused from then on', async () => {
    const node = await claimedNode();
    const before = await world.catalog.claims.fence(former(node));
    const fence = await world.catalog.claims.transfer(former(node), next(node), 'maintenance');
    expect(fence.epoch).toBeGreaterThan(before.epoch);
    expect(await world.catalog.claims.find(node)).toMatchObject({
      owner: 'loadNode/lab/next',
      epoch: fence.epoch,
      previousState: 'maintenance',
    });
    expect((await world.catalog.computers.get(node)).state).toBe('maintenance');
    for (const late of [former(node, '2/1'), claimantOf(node, 'captureImage/lab/over', '9/9')]) {
      await expect(world.catalog.claims.fence(late)).rejects.toMatchObject({ name: 'ConflictError' });
    }
  });

  it('leaves the node as the first run found it, where that had not touched it', async () => {
    const node = await claimedNode();
    await world.catalog.claims.fence(former(node));
    await world.catalog.claims.transfer(former(node), next(node), 'previous');
    expect((await world.catalog.computers.get(node)).state).toBe('available');
  });

  it('does not go to whom another one, or the first run itself, was quicker than', async () => {
    const node = await claimedNode();
    await world.catalog.claims.fence(former(node));
    await world.catalog.claims.fence(claimantOf(node, 'captureImage/lab/over', '1/1', 'reset in Temporal'));
    const taking = () => world.catalog.claims.transfer(former(node), next(node), 'maintenance');
    await expect(taking()).rejects.toMatchObject({ name: 'ConflictError' });
    expect(await world.catalog.claims.find(node)).toMatchObject({ owner: 'captureImage/lab/over' });
    await world.catalog.claims.release(
      claimantOf(node, 'captureImage/lab/over', '2/1', 'reset in Temporal'),
      'previous',
    );
    await expect(taking()).rejects.toThrow(/no longer owns/);
  });

  it('does not go to a run that has given the node up meanwhile', async () => {
    const node = await claimedNode();
    await world.catalog.claims.fence(former(node));
    await world.catalog.claims.release(next(node), 'previous');
    await expect(world.catalog.claims.transfer(former(node), next(node), 'maintenance')).rejects.toThrow(/gave node/);
  });
});
