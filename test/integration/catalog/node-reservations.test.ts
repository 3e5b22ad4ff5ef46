import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fence } from '../../../src/domain/fence.ts';
import type { NodeReservation } from '../../../src/domain/node-reservation.ts';
import { claimantOf, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const reservation: NodeReservation = {
  run: 'reserveNode/lab/1',
  user: 'jane',
  from: '192.0.2.9',
  by: 'operator',
  until: '2027-01-31T16:00:00.000Z',
};
const owner = (node: string) => claimantOf(node, reservation.run);

async function reservedNode(): Promise<{ readonly node: string; readonly fence: Fence }> {
  const node = await world.addNode();
  const fence = await world.catalog.claims.acquire(owner(node), 'unchanged');
  await world.catalog.nodeReservations.record(fence, reservation);
  return { node, fence };
}

describe('the reservation of a node', () => {
  it('is what was recorded last, and none once it is taken back', async () => {
    const { node, fence } = await reservedNode();
    expect(await world.catalog.nodeReservations.find(node)).toEqual(reservation);
    const { until: _until, ...endless } = { ...reservation, from: '2001:db8::/64' };
    for (let times = 0; times < 2; times += 1) await world.catalog.nodeReservations.record(fence, endless);
    expect(await world.catalog.nodeReservations.find(node)).toEqual(endless);
    for (let times = 0; times < 2; times += 1) await world.catalog.nodeReservations.record(fence, undefined);
    expect(await world.catalog.nodeReservations.find(node)).toBeUndefined();
  });

  it('is recorded by the run alone that owns the node', async () => {
    const { node, fence } = await reservedNode();
    await world.catalog.claims.release(owner(node), 'inuse');
    await expect(world.catalog.nodeReservations.record(fence, undefined)).rejects.toThrow(/no longer owns node/);
    expect(await world.catalog.nodeReservations.find(node)).toEqual(reservation);
  });

  it('keeps others from taking the node from under its user, and from forgetting it', async () => {
    const { node } = await reservedNode();
    await world.catalog.claims.release(owner(node), 'inuse');
    const message = `node ${node} is reserved for jane from 192.0.2.9 until 2027-01-31T16:00:00.000Z; take it back first: imprint nodes reclaim ${node}`;
    const refused = { name: 'ConflictError', message };
    for (const state of ['capturing', 'loading'] as const) {
      const claim = world.second.claims.acquire(claimantOf(node, `other/${state}/1`), state);
      await expect(claim).rejects.toMatchObject(refused);
    }
    await expect(world.second.computers.remove(node)).rejects.toMatchObject(refused);
    expect(await world.catalog.claims.find(node)).toBeUndefined();

    // The control: power takes nothing away, and after a reclaim the same claims are granted.
    await world.second.claims.acquire(claimantOf(node, 'powerNode/lab/1'), 'unchanged');
    await world.second.claims.release(claimantOf(node, 'powerNode/lab/1'), 'previous');
    const reclaim = claimantOf(node, 'reclaimNode/lab/1');
    await world.catalog.nodeReservations.record(await world.catalog.claims.acquire(reclaim, 'unchanged'), undefined);
    await world.catalog.claims.release(reclaim, 'available');
    await world.second.claims.acquire(claimantOf(node, 'other/loading/1'), 'loading');
  });
});
