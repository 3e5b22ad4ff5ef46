import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCatalog } from '../../../src/catalog/create-catalog.ts';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import { loadWorkerConfig } from '../../../src/config.ts';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { need } from '../../../src/provisioners/provisioner.ts';
import { createModules, type Modules } from '../../../src/worker/modules.ts';
import { startMachineBehindIpmiSim, type IpmiSim } from '../../support/ipmi-sim.ts';
import { labComputer } from '../../support/lab-fixture.ts';
import { testDatabase, type TestDatabase } from '../../support/postgres.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

let database: TestDatabase;
let catalog: Catalog;
let workers: readonly Modules[];
let sim: IpmiSim;
const isMissing = (): boolean => whyUnavailable('bmc') !== undefined || whyUnavailable('postgres') !== undefined;

beforeAll(async () => {
  if (isMissing()) return;
  [database, sim] = await Promise.all([testDatabase(), startMachineBehindIpmiSim()]);
  catalog = await createCatalog(database);
  const config = loadWorkerConfig({
    DATABASE_URL: database.databaseUrl,
    IMPRINT_MANAGEMENT_NODE: 'mn-1',
    IMPRINT_LIBRARY: '/nonexistent',
    IMPRINT_SECRET_BMC: 'sesame',
  });
  workers = [createModules(config, catalog), createModules(config, catalog)];
});
afterAll(async () => {
  if (isMissing()) return;
  for (const worker of workers) await worker.close();
  await sim.stop();
  await catalog.close();
  await database.drop();
});
beforeEach((context) => skipWithout(context, 'bmc', 'postgres'));

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };

describe('two workers that power one machine', () => {
  it('speak to its controller one after the other, and both find that it is on', async () => {
    const machine = { ...labComputer('lab-07'), settings: { power: { ...sim.settings, restSeconds: 0.2 } } };
    const powers = workers.map(({ dependencies }) => need(dependencies.provisioner('lab'), 'power'));

    await Promise.all(powers.map((power) => power.on(machine, context)));

    for (const power of powers) expect((await power.read(machine, context)).value).toBe('on');
    const [turn] = await catalog.bmcTurns.list();
    expect(turn).toEqual({
      bmc: `ipmi 127.0.0.1:${String(sim.settings['port'])}`,
      lastUsed: expect.any(String) as string,
    });
  });
});
