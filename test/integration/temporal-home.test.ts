import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCatalog } from '../../src/catalog/create-catalog.ts';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { sharedQueue } from '../../src/workflows/task-queues.ts';
import { createRunLookup } from '../../src/worker/run-lookup.ts';
import { settleHome } from '../../src/worker/temporal-home.ts';
import type { TemporalPlace } from '../../src/worker/temporal-place.ts';
import { testDatabase } from '../support/postgres.ts';
import { patience } from '../support/runs.ts';
import { startTemporal } from '../support/temporal.ts';
import { skipWithout, whyUnavailable } from '../support/unavailable.ts';

/** What two workers hear of a run that goes on: one where it was started, one in another namespace of the same server. */
describe('a worker that asks whether a run is over', () => {
  const run = 'captureImage/lab-01/goes-on';
  const closers: (() => Promise<void>)[] = [];
  let catalog: Catalog;
  let connection: NativeConnection;
  let home: TemporalPlace;
  let elsewhere: TemporalPlace;

  beforeAll(async () => {
    if ((whyUnavailable('temporal') ?? whyUnavailable('postgres')) !== undefined) return;
    const server = await startTemporal();
    closers.push(server.stop);
    const database = await testDatabase();
    closers.push(database.drop);
    catalog = await createCatalog({ databaseUrl: database.databaseUrl });
    closers.push(async () => await catalog.close());
    connection = await NativeConnection.connect({ address: server.address });
    closers.push(async () => await connection.close());
    home = { connection, namespace: server.namespace };
    elsewhere = { connection, namespace: 'elsewhere' };
    const { workflowService } = connection;
    const workflowExecutionRetentionPeriod = { seconds: 86_400 as never };
    await workflowService.registerNamespace({ ...elsewhere, workflowExecutionRetentionPeriod });
    const { namespace } = home;
    const request = { namespace, workflowId: run, requestId: run, workflowType: { name: 'captureImage' } };
    await workflowService.startWorkflowExecution({ ...request, taskQueue: { name: sharedQueue } });
    // A namespace is not known to all parts of the server at once.
    await vi.waitFor(async () => await workflowService.listWorkflowExecutions({ namespace: 'elsewhere' }), patience);
    await settleHome(home, catalog.temporalHomes);
    await settleHome(elsewhere, catalog.temporalHomes);
  });
  beforeEach((context) => skipWithout(context, 'temporal', 'postgres'));
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  const ask = async (place: TemporalPlace, id = run) =>
    await createRunLookup(place, catalog.temporalHomes).presence(id);

  it('hears in the namespace of the first worker that it goes on, and that a run is absent which nobody knows', async () => {
    expect(await ask(home)).toBe('open');
    expect(await ask(home, 'captureImage/lab-01/never-was')).toBe('absent');
  });

  it('is refused in another namespace, which knows none of the runs, and told how to mend it', async () => {
    await expect(ask(elsewhere)).rejects.toMatchObject({
      name: 'ConflictError',
      message: expect.stringMatching(
        /^cannot tell whether run captureImage\/lab-01\/goes-on is over: Temporal's namespace elsewhere \(\S+\) does not know it, and it belongs to Temporal's namespace default \(\S+\)\. .*IMPRINT_NAMESPACE_ID=\S+$/,
      ) as string,
    });
  });

  it('believes the other namespace once an operator has said that it takes the place of the first', async () => {
    const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'elsewhere' });
    await settleHome(home, catalog.temporalHomes, namespaceInfo?.id ?? '');
    await expect(ask(elsewhere)).rejects.toMatchObject({ name: 'ConflictError' });
    await settleHome(elsewhere, catalog.temporalHomes, namespaceInfo?.id ?? '');
    // Control of the guard: this is what it keeps from being heard of a run that goes on.
    expect(await ask(elsewhere)).toBe('absent');
    await expect(ask(home, 'captureImage/lab-01/never-was')).rejects.toMatchObject({ name: 'ConflictError' });
  });
});
