import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCatalog } from '../../src/catalog/create-catalog.ts';
import { createClient, type ImprintClient } from '../../src/client.ts';
import type { DemoScene } from '../../src/demo/demo-system.ts';
import { demoSystems } from '../../src/demo/demo-systems.ts';
import { makeDirectories } from '../../src/demo/directories.ts';
import { stopKept, workerFiles } from '../../src/demo/kept.ts';
import { makeReport } from '../../src/demo/report.ts';
import { startWorker } from '../../src/demo/worker-process.ts';
import { createProgressReporter } from '../../src/platform/progress.ts';
import { openStateDirectory, type StateDirectory } from '../../src/platform/state-directory.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { startTemporal, type TestTemporal } from '../support/temporal.ts';
import { skipWithout } from '../support/unavailable.ts';

describe('the demo of a system that needs no virtual machine', () => {
  let server: TestTemporal;
  let database: TestDatabase;
  let state: StateDirectory;
  let client: ImprintClient;

  beforeAll(async () => {
    state = await openStateDirectory(await mkdtemp(join(tmpdir(), 'imprint-demo-')));
    [server, database] = await Promise.all([startTemporal(), testDatabase()]);
    const connection = await Connection.connect({ address: server.address });
    const catalog = await createCatalog({ databaseUrl: database.databaseUrl });
    client = createClient(new Client({ connection, namespace: server.namespace }), catalog);
  });
  afterAll(async () => {
    await stopKept(state);
    await client.close();
    await database.drop();
    await server.stop();
    await rm(state.path, { recursive: true, force: true });
  });

  const sceneOf = async (name: string, say: (line: string) => void): Promise<DemoScene> => {
    const directories = await makeDirectories(join(state.path, name));
    const { address: temporalAddress, namespace: temporalNamespace } = server;
    const { databaseUrl } = database;
    const environment = {
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: temporalNamespace,
      DATABASE_URL: databaseUrl,
      IMPRINT_MANAGEMENT_NODE: 'demo',
      IMPRINT_LIBRARY: directories.library,
      IMPRINT_SECRETS: directories.secrets,
    };
    const stop = () => Promise.resolve();
    return {
      client,
      platform: { state, temporalAddress, temporalNamespace, databaseUrl, environment, summary: [], stop },
      directories,
      environment,
      reporter: createProgressReporter(),
      say,
      keep: false,
      startWorker: async (more) => await startWorker({ ...environment, ...more }, workerFiles(state)),
    };
  };

  it.for(['network-service', 'lab', 'xcat'])(
    '%s holds, with its worker killed in the middle',
    async (name, context) => {
      const system = demoSystems[name]!;
      skipWithout(context, 'temporal', 'postgres', ...system.packages);
      const said: string[] = [];
      const outcome = await system.tell(await sceneOf(name, (line) => said.push(line)));
      const report = await makeReport(client.catalog, outcome, { temporalUi: '', startedMs: Date.now() });
      expect(report.proofs.filter(({ holds }) => !holds)).toEqual([]);
      expect(report).toMatchObject({ succeeded: true });
      expect(said.join('\n')).toContain('SIGKILL to worker');
      // The control: with one thing that does not hold, not all of it held.
      const wrong = { ...outcome, proofs: [...outcome.proofs, { what: 'a planted one', holds: false, found: '' }] };
      expect((await makeReport(client.catalog, wrong, { temporalUi: '', startedMs: 0 })).succeeded).toBe(false);
    },
  );
});
