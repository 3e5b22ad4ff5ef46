import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SlotTurn } from '../../../src/catalog/slots.ts';
import type { Fence } from '../../../src/domain/fence.ts';
import { claimantOf, openWorld, race, ROUNDS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** Asks for a slot of each of the resources. */
const ask = async (run: string, ...resources: string[]): Promise<SlotTurn> =>
  await world.catalog.slots.request({ run, purpose: 'load', resources });

const stateOf = async (resource: string) => (await world.catalog.slots.list()).find((one) => one.resource === resource);

/** A resource with so many slots that no other test uses. */
async function resourceWith(slots: number): Promise<string> {
  const resource = `host/${world.fresh('kvm')}`;
  await world.catalog.slots.setCapacity(resource, slots);
  return resource;
}

describe('asking for slots', () => {
  it('of two runs that ask at once for the last one, one gets it and the other one is next', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const resource = await resourceWith(1);
      const { won } = await race(
        () => world.catalog.slots.request({ run: `a${resource}`, purpose: 'load', resources: [resource] }),
        () => world.second.slots.request({ run: `b${resource}`, purpose: 'load', resources: [resource] }),
      );
      expect(won.map(({ granted }) => granted).sort()).toEqual([false, true]);
      expect(won.find(({ granted }) => !granted)).toEqual({ granted: false, resource, position: 1, slots: 1 });
      expect(await stateOf(resource)).toMatchObject({ holders: [{}], queue: [{ position: 1 }] });
    }
  });

  it('would be seen to go wrong: without the lock both get the last one', async () => {
    const clients = [0, 1].map(() => new pg.Client({ connectionString: world.databaseUrl }));
    await Promise.all(clients.map((client) => client.connect()));
    await clients[0]?.query('CREATE TABLE unguarded_slots (run text)');
    const take = async (client: pg.Client, run: string): Promise<string> => {
      const { rows } = await client.query('SELECT run FROM unguarded_slots');
      if (rows.length >= 1) throw new Error('no slot is free');
      await client.query('SELECT pg_sleep(0.2)');
      await client.query('INSERT INTO unguarded_slots VALUES ($1)', [run]);
      return run;
    };
    const { won } = await race(...clients.map((client, index) => () => take(client, String(index))));
    await Promise.all(clients.map((client) => client.end()));
    expect(won).toHaveLength(2);
  });

  it('again is the same request, wherever it stands', async () => {
    const resource = await resourceWith(1);
    for (const again of [1, 2]) {
      expect(await ask('first', resource), String(again)).toMatchObject({ granted: true, resources: [resource] });
      expect(await ask('second', resource), String(again)).toMatchObject({ granted: false, position: 1 });
    }
    await world.catalog.slots.release('first');
    await world.catalog.slots.release('second');
  });

  it('keeps the order of asking when slots become free', async () => {
    const resource = await resourceWith(2);
    const runs = Array.from({ length: 10 }, (_, index) => `order-${String(index)}`);
    for (const run of runs) await ask(run, resource);
    const begun: string[] = [];
    for (;;) {
      const { holders = [] } = (await stateOf(resource)) ?? {};
      const [next] = holders.map(({ run }) => run).sort();
      if (next === undefined) break;
      begun.push(next);
      await world.catalog.slots.release(next);
    }
    expect(begun).toEqual(runs);
  });

  it('lets a waiting run begin when another one gives its slot back, when it leaves the queue, and when there are more slots', async () => {
    const resource = await resourceWith(1);
    for (const run of ['h', 'w1', 'w2', 'w3']) await ask(run, resource);
    await world.catalog.slots.release('w1');
    expect(await ask('w2', resource)).toMatchObject({ granted: false, position: 1 });
    await world.catalog.slots.release('h');
    expect(await ask('w2', resource)).toMatchObject({ granted: true });
    await world.catalog.slots.setCapacity(resource, 2);
    expect(await ask('w3', resource)).toMatchObject({ granted: true });
    expect((await world.catalog.slots.waiting()).filter((one) => one.resource === resource)).toEqual([]);
  });

  it('waits where there are no slots at all, and says what for', async () => {
    const resource = await resourceWith(0);
    expect(await ask('drained', resource)).toEqual({ granted: false, resource, position: 1, slots: 0 });
    expect(await world.catalog.slots.waiting()).toContainEqual({ run: 'drained', resource, position: 1, slots: 0 });
    await world.catalog.slots.release('drained');
  });

  it('for two purposes are two requests, and giving back what was never asked for succeeds', async () => {
    const resource = await resourceWith(1);
    await ask('both', resource);
    const other = { run: 'both', purpose: 'check', resources: [await resourceWith(1)] } as const;
    expect(await world.catalog.slots.request(other)).toMatchObject({ granted: true });
    await world.catalog.slots.release('both', 'check');
    expect((await stateOf(resource))?.holders).toMatchObject([{ run: 'both' }]);
    for (const again of [1, 2]) await world.catalog.slots.release('both').then(() => expect(again).toBeDefined());
    expect((await stateOf(resource))?.holders).toEqual([]);
  });

  it('for a run whose work was given to another attempt, or that owns its node no more, is refused', async () => {
    const [resource, node] = [await resourceWith(1), await world.addNode()];
    const [first, second] = [claimantOf(node, 'owner'), claimantOf(node, 'owner', '2/1')];
    const stale = await world.catalog.claims.acquire(first, 'loading');
    const askAs = async (fence: Fence): Promise<SlotTurn> => {
      const prove = async () => await Promise.resolve(fence);
      return await world.catalog.slots.request({ run: 'owner', purpose: 'load', resources: [resource], prove });
    };
    const fence = await world.catalog.claims.fence(second);
    await expect(askAs(stale)).rejects.toThrow('was superseded');
    expect(await askAs(fence)).toMatchObject({ granted: true });
    await world.catalog.slots.release('owner', 'load');
    await world.catalog.claims.release(second, 'available');
    await expect(askAs(fence)).rejects.toThrow('no longer owns node');
    expect((await stateOf(resource))?.holders).toEqual([]);
  });

  it('of something that has no slots is refused', async () => {
    await expect(ask('wrong', 'switch/x')).rejects.toThrow('resource: expected');
    await expect(world.catalog.slots.setCapacity('host/x', -1)).rejects.toThrow('slots: expected');
  });
});

describe('runs that may be over', () => {
  it('are given out once nobody has looked for a while, each to one of two that ask at once', async () => {
    const resource = await resourceWith(1);
    await forgetOthers();
    await ask('held', resource);
    await ask('queued', resource);
    expect(await unchecked()).toEqual([]);
    await age('6 seconds');
    expect(await unchecked()).toEqual(['held']);
    await age('31 seconds');
    const given = await Promise.all(
      [world.catalog, world.second].map(async ({ slots }) => await slots.takeUnchecked()),
    );
    expect(given.flat().sort()).toEqual(['held', 'queued']);
    expect(await unchecked()).toEqual([]);
  });

  const unchecked = async () => await world.catalog.slots.takeUnchecked();
  const forgetOthers = async (): Promise<void> => await change('DELETE FROM slot_requests');
  const age = async (by: string): Promise<void> =>
    await change('UPDATE slot_requests SET checked = now() - $1::interval', [by]);
  const change = async (sql: string, values: readonly string[] = []): Promise<void> => {
    const client = new pg.Client({ connectionString: world.databaseUrl });
    await client.connect();
    await client.query(sql, [...values]);
    await client.end();
  };
});
