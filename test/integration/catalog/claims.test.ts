import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConflictError, InvalidInputError } from '../../../src/domain/errors.ts';
import { claimantOf, openWorld, race, ROUNDS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('acquiring a node', () => {
  it('lets one of two runs that ask at once have it, and names that run to the other', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const node = await world.addNode();
      const [a, b] = [`captureImage/${node}/a`, `loadNode/${node}/b`];
      const { won, refused } = await race(
        () => world.catalog.claims.acquire(claimantOf(node, a), 'capturing'),
        () => world.second.claims.acquire(claimantOf(node, b), 'capturing'),
      );
      expect(won).toHaveLength(1);
      expect(refused).toMatchObject([
        { name: 'ConflictError', message: `node ${node} is owned by run ${String(won[0]?.owner)}` },
      ]);
      expect(await world.catalog.claims.find(node)).toMatchObject({ node, owner: won[0]?.owner, epoch: 1 });
    }
  });

  it('would be seen to go wrong: without a lock or a key both win', async () => {
    const clients = [0, 1].map(() => new pg.Client({ connectionString: world.databaseUrl }));
    await Promise.all(clients.map((client) => client.connect()));
    await clients[0]?.query('CREATE TABLE unguarded (node text, owner text)');
    const claim = async (client: pg.Client, owner: string): Promise<string> => {
      const { rows } = await client.query('SELECT owner FROM unguarded');
      if (rows.length > 0) throw new ConflictError('owned');
      await client.query('SELECT pg_sleep(0.2)');
      await client.query('INSERT INTO unguarded VALUES ($1, $2)', ['lab', owner]);
      return owner;
    };
    const { won } = await race(...clients.map((client, index) => () => claim(client, String(index))));
    await Promise.all(clients.map((client) => client.end()));
    expect(won).toHaveLength(2);
  });

  it('gives both of two attempts of one run the node, and only the later one goes on', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const node = await world.addNode();
      const attempts = ['4/1', '5/1'].map((attempt) => claimantOf(node, 'run', attempt));
      const { won } = await race(
        ...attempts.map((claimant) => () => world.catalog.claims.acquire(claimant, 'capturing')),
      );
      expect(won.map((fence) => fence.epoch).sort()).toEqual([1, 2]);
      const { refused, won: holders } = await race(
        ...attempts.map((claimant) => () => world.second.claims.fence(claimant)),
      );
      expect(holders.map((fence) => fence.epoch)).toEqual([2]);
      expect(refused[0]).toBeInstanceOf(ConflictError);
    }
  });

  it('moves the node to the state that was asked for', async () => {
    const node = await world.addNode();
    await world.catalog.claims.acquire(claimantOf(node, 'run'), 'loading');
    expect((await world.catalog.computers.get(node)).state).toBe('loading');
  });

  it('is refused where the state forbids it, and leaves no claim', async () => {
    const node = await world.addNode();
    await world.catalog.computers.changeState(node, ['available'], 'loading');
    const acquiring = world.catalog.claims.acquire(claimantOf(node, 'run'), 'capturing');
    await expect(acquiring).rejects.toMatchObject({
      name: 'ConflictError',
      message: `node ${node} is loading and cannot become capturing`,
    });
    expect(await world.catalog.claims.find(node)).toBeUndefined();
  });

  it('of a node that is not there says so', async () => {
    const acquiring = world.catalog.claims.acquire(claimantOf('lab-0', 'run'), 'capturing');
    await expect(acquiring).rejects.toMatchObject({ name: 'NotFoundError', message: 'no node "lab-0" in the catalog' });
  });

  it('refuses an attempt that is not <activity id>/<attempt>', async () => {
    const acquiring = world.catalog.claims.acquire(claimantOf(await world.addNode(), 'run', '7'), 'capturing');
    await expect(acquiring).rejects.toBeInstanceOf(InvalidInputError);
  });

  it('ends in the state of the claim when somebody changes the state at the same moment', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const node = await world.addNode();
      const { refused } = await race<unknown>(
        () => world.catalog.claims.acquire(claimantOf(node, 'run'), 'capturing'),
        () => world.second.computers.changeState(node, ['available'], 'inuse'),
      );
      expect(refused.every((error) => error.message === `node ${node} is owned by run run`)).toBe(true);
      expect((await world.catalog.computers.get(node)).state).toBe('capturing');
    }
  });
});

describe('a node that is claimed without a change of its state', () => {
  it('stays in it', async () => {
    const node = await world.addNode();
    await world.catalog.computers.changeState(node, ['available'], 'inuse');
    await world.catalog.claims.acquire(claimantOf(node, 'run'), 'unchanged');
    expect((await world.catalog.computers.get(node)).state).toBe('inuse');
  });

  it('is given back in the state in which its run found it first, whatever happened since', async () => {
    const node = await world.addNode();
    await world.catalog.computers.changeState(node, ['available'], 'loading');
    await world.catalog.claims.acquire(claimantOf(node, 'run'), 'maintenance');
    await world.catalog.claims.acquire(claimantOf(node, 'run', '1/1', 'execution-2'), 'capturing');
    await world.catalog.claims.release(claimantOf(node, 'run', '9/1', 'execution-2'), 'previous');
    expect((await world.catalog.computers.get(node)).state).toBe('loading');
  });
});

describe('a fence', () => {
  it('keeps its epoch for the same attempt and raises it for the next one', async () => {
    const node = await claimed('run');
    const epochs: number[] = [];
    for (const attempt of ['1/1', '1/1', '1/2', '2/1', '2/1', '2/2', '3/1']) {
      epochs.push((await world.catalog.claims.fence(claimantOf(node, 'run', attempt))).epoch);
    }
    expect(epochs).toEqual([1, 1, 2, 3, 3, 4, 5]);
  });

  it('is refused for good to an attempt that another one followed', async () => {
    const node = await claimed('run');
    await world.catalog.claims.fence(claimantOf(node, 'run', '1/2'));
    for (const again of [1, 2]) {
      await expect(world.catalog.claims.fence(claimantOf(node, 'run', '1/1')), String(again)).rejects.toThrow(
        `run run goes on elsewhere: this attempt at node ${node} was superseded`,
      );
    }
    await expect(world.catalog.claims.acquire(claimantOf(node, 'run', '1/1'), 'capturing')).rejects.toThrow(
      'superseded',
    );
    expect((await world.catalog.claims.fence(claimantOf(node, 'run', '1/2'))).epoch).toBe(2);
  });

  it('is refused to an attempt that was never seen before a later one of the same activity', async () => {
    const node = await claimed('run');
    await world.catalog.claims.fence(claimantOf(node, 'run', '2/2'));
    await expect(world.catalog.claims.fence(claimantOf(node, 'run', '2/1'))).rejects.toThrow('superseded');
  });

  it('is refused to every attempt of an execution that was reset', async () => {
    const node = await claimed('run');
    const { epoch } = await world.catalog.claims.acquire(claimantOf(node, 'run', '1/1', 'execution-2'), 'capturing');
    expect(epoch).toBe(2);
    for (const attempt of ['1/1', '1/2', '9/1']) {
      await expect(world.catalog.claims.fence(claimantOf(node, 'run', attempt))).rejects.toThrow('superseded');
    }
  });

  it('goes to both of two attempts that ask at once, with epochs of their own', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const node = await claimed('run');
      const { won, refused } = await race(
        () => world.catalog.claims.fence(claimantOf(node, 'run', '3/1')),
        () => world.second.claims.fence(claimantOf(node, 'run', '3/2')),
      );
      // The first attempt either came first and was superseded then, or was refused at once.
      const epochs = won.map((fence) => fence.epoch).sort();
      expect(refused.length === 0 ? epochs : [2, 3]).toEqual([2, 3]);
      await expect(world.catalog.claims.fence(claimantOf(node, 'run', '3/1'))).rejects.toThrow('superseded');
    }
  });

  it('is refused to a run that does not own the node, and to one that gave it back', async () => {
    const node = await claimed('run');
    const other = world.catalog.claims.fence(claimantOf(node, 'other'));
    await expect(other).rejects.toMatchObject({
      name: 'ConflictError',
      message: `run other no longer owns node ${node}`,
    });
    await world.catalog.claims.release(claimantOf(node, 'run'), 'available');
    const late = world.catalog.claims.fence(claimantOf(node, 'run'));
    await expect(late).rejects.toMatchObject({ name: 'ConflictError', message: `run run no longer owns node ${node}` });
  });
});

describe('giving a node back', () => {
  it('leaves it free in the state that was asked for, and succeeds again', async () => {
    const node = await claimed('run');
    for (const again of [1, 2]) {
      await world.catalog.claims.release(claimantOf(node, 'run', `9/${String(again)}`), 'available');
      expect((await world.catalog.computers.get(node)).state).toBe('available');
      expect(await world.catalog.claims.find(node)).toBeUndefined();
    }
  });

  it('does nothing to a node that another run owns', async () => {
    const node = await claimed('run');
    await world.catalog.claims.release(claimantOf(node, 'other'), 'maintenance');
    expect((await world.catalog.claims.find(node))?.owner).toBe('run');
    expect((await world.catalog.computers.get(node)).state).toBe('capturing');
  });

  it('does nothing when an execution that was reset asks for it', async () => {
    const node = await claimed('run');
    await world.catalog.claims.fence(claimantOf(node, 'run', '1/1', 'execution-2'));
    await world.catalog.claims.release(claimantOf(node, 'run', '9/1'), 'available');
    expect((await world.catalog.claims.find(node))?.owner).toBe('run');
  });

  it('keeps the node from a call of the same execution that arrives later, even when nothing was claimed before', async () => {
    const node = await world.addNode();
    await world.catalog.claims.release(claimantOf(node, 'run', '2/1'), 'available');
    const late = world.catalog.claims.acquire(claimantOf(node, 'run', '1/1'), 'capturing');
    await expect(late).rejects.toMatchObject({
      name: 'ConflictError',
      message: `run run gave node ${node} back already`,
    });
    await world.catalog.claims.acquire(claimantOf(node, 'run', '1/1', 'execution-2'), 'capturing');
  });

  it('never lets an epoch come again, whoever owns the node next', async () => {
    const node = await claimed('run');
    await world.catalog.claims.fence(claimantOf(node, 'run', '2/1'));
    await world.catalog.claims.release(claimantOf(node, 'run', '3/1'), 'available');
    expect((await world.catalog.claims.acquire(claimantOf(node, 'next'), 'loading')).epoch).toBe(3);
  });

  it('and taking it at once ends with an owner or without one, never in between', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const node = await claimed('run');
      const { won } = await race<unknown>(
        () => world.catalog.claims.release(claimantOf(node, 'run', '9/1'), 'available'),
        () => world.second.claims.acquire(claimantOf(node, 'next'), 'loading'),
      );
      const { state } = await world.catalog.computers.get(node);
      const owner = (await world.catalog.claims.find(node))?.owner;
      expect([state, owner]).toEqual(won.length === 2 ? ['loading', 'next'] : ['available', undefined]);
    }
  });
});

async function claimed(owner: string): Promise<string> {
  const node = await world.addNode();
  await world.catalog.claims.acquire(claimantOf(node, owner), 'capturing');
  return node;
}
