import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeSlowFrrReload } from '../../../src/demo/slow-frr-reload.ts';
import type { TestImprint } from '../../support/imprint.ts';
import { withImprint } from '../../support/imprint-suite.ts';
import { configuredByHand } from '../../support/network-service-fixture.ts';
import { startRouter, type Router } from '../../support/router.ts';
import { patience } from '../../support/runs.ts';
import { addService, introduceServices } from '../../support/service-nodes.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

let imprint: TestImprint;
let routers: readonly Router[] = [];

beforeAll(async () => {
  if (whyUnavailable('networkService') !== undefined) return;
  routers = await Promise.all([startRouter(), startRouter()]);
});
beforeEach((context) => skipWithout(context, 'networkService'));
withImprint(async (started) => {
  imprint = started;
  await introduceServices(imprint);
});
afterAll(async () => {
  await Promise.all(routers.map(async (router) => await router.close()));
});

describe('a worker that is killed while a configuration is applied', () => {
  it('leaves it half applied, and the next attempt waits for what is under way and applies all of it', async () => {
    const [source, target] = routers as readonly [Router, Router];
    await source.configure(...configuredByHand);
    await target.configure('ip route 10.1.0.0/16 blackhole');
    const { programs, begun, go } = await makeSlowFrrReload(join(dirname(imprint.library), 'slow'), target.name);
    await addService(imprint, source.name, { service: 'frr', pathspace: source.name });
    await addService(imprint, target.name, { service: 'frr', pathspace: target.name, programs });
    const first = await imprint.startWorker();
    const captured = { node: source.name, image: 'edge', operatingSystem: 'frr' };
    await (await imprint.client.startCapture(captured)).result();

    const load = await imprint.client.startLoad({ node: target.name, image: 'edge' });
    await vi.waitFor(() => {
      if (!existsSync(begun)) throw new Error('nothing is being applied yet');
    }, patience);
    await first.kill();
    expect(await target.running()).toMatch(/10\.1\.0\.0\/16 blackhole\nip route 10\.99/);
    await imprint.startWorker();
    await writeFile(go, '');
    await load.result();

    expect(await target.running()).toBe(await source.running());
    const steps = await imprint.catalog.runs.steps(load.id);
    expect(steps.find(({ number }) => number === '5.3')?.attempt).toBeGreaterThan(1);
    expect(await imprint.client.nodeStatus(target.name)).toMatchObject({ status: 'READY', currentimage: 'edge-v1' });
  });
});
