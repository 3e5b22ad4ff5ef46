import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewRun } from '../../../src/catalog/catalog.ts';
import { openWorld, race, ROUNDS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

function newRun(facts: Partial<NewRun> = {}): NewRun {
  const id = world.fresh('captureImage/lab-1/run');
  return { id, procedure: 'captureImage', node: 'lab-1', input: { image: 'web', after: 'leaveOff' }, ...facts };
}

describe('registering a run', () => {
  it('keeps what was asked for, in state running', async () => {
    const run = newRun({ requestKey: world.fresh('key') });
    const registered = await world.catalog.runs.register(run);
    expect(registered).toMatchObject({ ...run, state: 'running' });
    expect(await world.catalog.runs.get(run.id)).toEqual(registered);
    expect(await world.catalog.runs.find(run.id)).toEqual(registered);
    expect(await world.catalog.runs.find('nothing')).toBeUndefined();
  });

  it('gives two that use one request key at once the same run', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const requestKey = world.fresh('key');
      const { won } = await race(
        () => world.catalog.runs.register(newRun({ requestKey })),
        () => world.second.runs.register(newRun({ requestKey })),
      );
      expect(won).toHaveLength(2);
      expect(won[0]).toEqual(won[1]);
    }
  });

  it('lets one of two that use one request key for different things at once have it, and names its run', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const requestKey = world.fresh('key');
      const { won, refused } = await race(
        () => world.catalog.runs.register(newRun({ requestKey, input: { image: 'web' } })),
        () => world.second.runs.register(newRun({ requestKey, input: { image: 'mail' } })),
      );
      expect(won).toHaveLength(1);
      const message = `request key "${requestKey}" belongs to run ${String(won[0]?.id)}, which was asked for something else`;
      expect(refused).toMatchObject([{ name: 'ConflictError', message }]);
    }
  });

  it('takes up again what was given up before it began, and nothing that had begun', async () => {
    const [never, begun] = [newRun({ requestKey: world.fresh('key') }), newRun({ requestKey: world.fresh('key') })];
    for (const run of [never, begun]) await world.catalog.runs.register(run);
    await world.catalog.runs.recordStep(begun.id, { number: '1', title: 'Claim', state: 'done', attempt: 1 });
    for (const { id } of [never, begun]) await world.catalog.runs.settle(id, { state: 'lost', outcome: 'unknown' });
    await expect(world.catalog.runs.register({ ...never, input: {} })).rejects.toMatchObject({ name: 'ConflictError' });
    expect(await world.catalog.runs.get(never.id)).toMatchObject({ state: 'lost' });
    expect(await world.catalog.runs.register(never)).not.toHaveProperty('outcome');
    expect(await world.catalog.runs.get(never.id)).toMatchObject({ state: 'running' });
    expect(await world.catalog.runs.register(begun)).toMatchObject({ state: 'lost', outcome: 'unknown' });
  });

  it('compares input by value: the order of keys does not count', async () => {
    const requestKey = world.fresh('key');
    const first = await world.catalog.runs.register(
      newRun({ requestKey, input: { a: [1, { b: true, c: null }], d: 'x' } }),
    );
    const same = newRun({ requestKey, input: { d: 'x', a: [1, { c: null, b: true }] } });
    expect((await world.catalog.runs.register(same)).id).toBe(first.id);
    const other = newRun({ requestKey, input: { d: 'x', a: [{ c: null, b: true }, 1] } });
    await expect(world.catalog.runs.register(other)).rejects.toMatchObject({ name: 'ConflictError' });
  });

  it.each([{ procedure: 'loadNode' as const }, { node: 'lab-2' }])(
    'with the same key and another %o is refused',
    async (facts) => {
      const requestKey = world.fresh('key');
      await world.catalog.runs.register(newRun({ requestKey }));
      const again = world.catalog.runs.register(newRun({ requestKey, ...facts }));
      await expect(again).rejects.toMatchObject({ name: 'ConflictError' });
    },
  );

  it('again under its own id returns it, with another input it is refused', async () => {
    const run = newRun();
    const registered = await world.catalog.runs.register(run);
    expect(await world.catalog.runs.register(run)).toEqual(registered);
    await expect(world.catalog.runs.register({ ...run, input: {} })).rejects.toMatchObject({
      name: 'ConflictError',
      message: `run id ${run.id} belongs to run ${run.id}, which was asked for something else`,
    });
  });
});

describe('the list of runs', () => {
  it('is the newest first, of a node or in a state where that is asked for', async () => {
    const node = world.fresh('lab');
    const runs = [];
    for (let count = 0; count < 3; count += 1) runs.push(await world.catalog.runs.register(newRun({ node })));
    const ids = runs.map((run) => run.id).reverse();
    await world.catalog.runs.recordOutcome(ids[1] ?? '', 'failed', 'it did not work');
    const list = async (filter: object): Promise<string[]> =>
      (await world.catalog.runs.list({ limit: 100, ...filter })).map((run) => run.id);
    expect(await list({ node })).toEqual(ids);
    expect(await list({ node, limit: 2 })).toEqual(ids.slice(0, 2));
    expect(await list({ node, state: 'failed' })).toEqual([ids[1]]);
    expect(await list({ node: 'nowhere' })).toEqual([]);
    expect(await list({ limit: 1 })).toEqual([ids[0]]);
  });
});

describe('the outcome of a run', () => {
  it('is the first of two that are recorded at once', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await world.catalog.runs.register(newRun());
      await Promise.all([
        world.catalog.runs.recordOutcome(id, 'completed', 'all is well'),
        world.second.runs.recordOutcome(id, 'cancelled', 'somebody cancelled it'),
      ]);
      const first = await world.catalog.runs.get(id);
      await world.catalog.runs.recordOutcome(id, 'failed', 'too late');
      expect(await world.catalog.runs.get(id)).toEqual(first);
      expect([first.state, first.outcome]).toEqual(
        first.state === 'completed' ? ['completed', 'all is well'] : ['cancelled', 'somebody cancelled it'],
      );
      expect(first.ended).toMatch(/^\d{4}-.*Z$/);
    }
  });

  it('of a run that is not there says so', async () => {
    const recording = world.catalog.runs.recordOutcome('nothing', 'failed', '');
    await expect(recording).rejects.toMatchObject({
      name: 'NotFoundError',
      message: 'no run "nothing" in the catalog',
    });
  });
});

describe('the steps of a run', () => {
  it('keep the start of the first attempt and have an end unless they run', async () => {
    const { id } = await world.catalog.runs.register(newRun());
    const step = { number: '5.1', title: 'Copy vda' };
    await world.catalog.runs.recordStep(id, { ...step, state: 'running', attempt: 1 });
    const [begun] = await world.catalog.runs.steps(id);
    expect(begun).toEqual({ ...step, state: 'running', attempt: 1, startedAt: begun?.startedAt });
    await world.catalog.runs.recordStep(id, {
      ...step,
      state: 'failed',
      attempt: 1,
      error: 'no space',
      evidence: { free: 7 },
    });
    const [failed] = await world.catalog.runs.steps(id);
    expect(failed).toMatchObject({ state: 'failed', error: 'no space', evidence: { free: 7 } });
    expect(failed?.endedAt).toBeDefined();
    await world.catalog.runs.recordStep(id, { ...step, state: 'running', attempt: 2 });
    const [again] = await world.catalog.runs.steps(id);
    expect(again).toEqual({ ...step, state: 'running', attempt: 2, startedAt: begun?.startedAt });
  });

  it('keep what they failed with when they are undone, unless the undo has something to say', async () => {
    const { id } = await world.catalog.runs.register(newRun());
    const step = { number: '2', title: 'Reserve', attempt: 1 };
    await world.catalog.runs.recordStep(id, { ...step, state: 'failed', error: 'no space', evidence: { free: 7 } });
    await world.catalog.runs.recordStep(id, { ...step, state: 'undone' });
    expect(await world.catalog.runs.steps(id)).toMatchObject([
      { state: 'undone', error: 'no space', evidence: { free: 7 } },
    ]);
    await world.catalog.runs.recordStep(id, { ...step, state: 'undo-failed', error: 'host is away' });
    expect(await world.catalog.runs.steps(id)).toMatchObject([{ state: 'undo-failed', error: 'host is away' }]);
  });

  it('come in the order of the page, whatever order they were recorded in', async () => {
    const { id } = await world.catalog.runs.register(newRun());
    for (const number of ['5.10', '10', '5.2', '5', '1']) {
      await world.catalog.runs.recordStep(id, { number, title: number, state: 'done', attempt: 1 });
    }
    const numbers = (await world.catalog.runs.steps(id)).map((step) => step.number);
    expect(numbers).toEqual(['1', '5', '5.2', '5.10', '10']);
  });

  it('are one row each when two attempts record at once', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await world.catalog.runs.register(newRun());
      const step = { number: '1', title: 'Claim', state: 'running' as const };
      await Promise.all([
        world.catalog.runs.recordStep(id, { ...step, attempt: 1 }),
        world.second.runs.recordStep(id, { ...step, attempt: 2 }),
      ]);
      expect(await world.catalog.runs.steps(id)).toHaveLength(1);
    }
  });

  it('of a run that is not registered are refused', async () => {
    const recording = world.catalog.runs.recordStep('nothing', { number: '1', title: 'x', state: 'done', attempt: 1 });
    await expect(recording).rejects.toMatchObject({ name: 'NotFoundError' });
  });
});
