import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EndedExecution } from '../../../src/domain/ended-run.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

function ended(change: Partial<EndedExecution> = {}): EndedExecution {
  return {
    run: world.fresh('powerNode/lab/run'),
    execution: world.fresh('execution'),
    procedure: 'powerNode',
    node: 'lab',
    input: { node: 'lab', action: 'off' },
    status: 'FAILED',
    started: '2026-01-02T03:04:05.000Z',
    closed: '2026-01-02T03:05:05.000Z',
    failure: { reason: 'ConflictError', message: 'said no \u0000' },
    searchAttributes: { ImprintNode: ['lab'] },
    memo: {},
    history: '{"events":[{"eventId":"1","text":"ü\\u0000"}]}',
    ...change,
  };
}

describe('the archive', () => {
  it('keeps an execution once, however often it is added, with its history as it was', async () => {
    const one = ended();
    await Promise.all([world.catalog.archive.add(one), world.second.archive.add(one)]);
    await world.catalog.archive.add({ ...one, history: 'another' });
    const { history, procedure: _procedure, node: _node, input: _input, ...rest } = one;
    const failure = { reason: 'ConflictError', message: 'said no \ufffd' };
    const kept = { ...rest, failure, historyBytes: Buffer.byteLength(history) };
    expect(await world.catalog.archive.list(one.run)).toEqual([{ ...kept, archived: expect.any(String) }]);
    expect(await world.catalog.archive.history(one)).toBe(history);
  });

  it('knows which executions it does not have', async () => {
    const [kept, other] = [ended(), ended()];
    await world.catalog.archive.add(kept);
    expect(await world.catalog.archive.missing([kept, other])).toEqual([other]);
    expect(await world.catalog.archive.history(other)).toBeUndefined();
  });

  it('brings a run into the catalog that ended before it was registered, and changes none that is there', async () => {
    const unknown = ended();
    await world.catalog.archive.add(unknown);
    expect(await world.catalog.runs.get(unknown.run)).toMatchObject({
      state: 'failed',
      outcome: 'said no \ufffd',
      created: unknown.started,
      ended: unknown.closed,
    });
    const known = ended();
    const { run: id, procedure, node, input } = known;
    await world.catalog.runs.register({ id, procedure, node, input });
    await world.catalog.archive.add(known);
    expect(await world.catalog.runs.get(id)).toMatchObject({ state: 'running' });
  });

  it('lists the executions of a run that was reset, the latest first', async () => {
    const first = ended();
    const second = ended({ run: first.run, started: '2026-01-03T00:00:00.000Z', closed: '2026-01-03T00:01:00.000Z' });
    for (const one of [second, first]) await world.catalog.archive.add(one);
    const executions = (await world.catalog.archive.list(first.run)).map(({ execution }) => execution);
    expect(executions).toEqual([second.execution, first.execution]);
  });

  it('refuses a history that is not what was archived', async () => {
    const [damaged, exchanged] = [ended(), ended({ history: '{"events":[]}' })];
    for (const one of [damaged, exchanged]) await world.catalog.archive.add(one);
    const gzipOf = '(SELECT history FROM run_archive WHERE execution = $2)';
    await change(`UPDATE run_archive SET history = ${gzipOf} WHERE execution = $1`, damaged, exchanged);
    await expect(world.catalog.archive.history(damaged)).rejects.toMatchObject({ name: 'IntegrityError' });
    await change("UPDATE run_archive SET history = '\\x00' WHERE execution = ANY(ARRAY[$1, $2])", damaged, exchanged);
    await expect(world.catalog.archive.history(exchanged)).rejects.toMatchObject({ name: 'IntegrityError' });
  });

  it('says how far it is, and never goes back', async () => {
    expect(await world.catalog.archive.until()).toBeUndefined();
    for (const until of ['2026-02-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z']) {
      await world.catalog.archive.recordUntil(until);
      expect(await world.catalog.archive.until()).toBe('2026-02-01T00:00:00.000Z');
    }
  });

  it('removes what is older than it is kept, and leaves the catalog’s record of the run', async () => {
    const [old, recent] = [ended({ closed: '2025-01-02T00:00:00.000Z', started: '2025-01-01T00:00:00.000Z' }), ended()];
    for (const one of [old, recent]) await world.catalog.archive.add(one);
    expect(await world.catalog.archive.removeBefore('2026-01-01T00:00:00.000Z')).toBe(1);
    expect(await world.catalog.archive.missing([old, recent])).toEqual([old]);
    expect((await world.catalog.runs.get(old.run)).state).toBe('failed');
  });
});

describe('settling a run', () => {
  const end = { state: 'terminated', outcome: 'ended in Temporal', ended: '2999-01-01T00:00:00.000Z' } as const;

  it('records its end and cuts its open steps, once', async () => {
    const id = world.fresh('powerNode/lab/run');
    await world.catalog.runs.register({ id, procedure: 'powerNode', node: 'lab', input: {} });
    const step = { title: 'Claim', attempt: 1 };
    await world.catalog.runs.recordStep(id, { ...step, number: '1', state: 'done' });
    await world.catalog.runs.recordStep(id, { ...step, number: '2', state: 'running' });
    expect(await world.catalog.runs.settle(id, end)).toBe(true);
    expect(await world.catalog.runs.settle(id, { ...end, state: 'lost' })).toBe(false);
    expect(await world.catalog.runs.get(id)).toMatchObject(end);
    expect(await world.catalog.runs.steps(id)).toMatchObject([
      { number: '1', state: 'done' },
      { number: '2', state: 'failed', endedAt: end.ended, error: expect.stringContaining('under way') },
    ]);
  });

  it('leaves the outcome that the run itself has recorded', async () => {
    const id = world.fresh('powerNode/lab/run');
    await world.catalog.runs.register({ id, procedure: 'powerNode', node: 'lab', input: {} });
    await world.catalog.runs.recordOutcome(id, 'completed', 'it reads off');
    expect(await world.catalog.runs.settle(id, end)).toBe(false);
    expect(await world.catalog.runs.get(id)).toMatchObject({ state: 'completed', outcome: 'it reads off' });
  });
});

async function change(sql: string, first: EndedExecution, second: EndedExecution): Promise<void> {
  const client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
  await client.query(sql, [first.execution, second.execution]);
  await client.end();
}
