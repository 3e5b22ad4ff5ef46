import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import { createCatalog } from '../../../src/catalog/create-catalog.ts';
import { startEmbeddedPostgres } from '../../../src/platform/embedded-postgres.ts';
import { startCuttingProxy, type Cut, type CuttingProxy } from './cutting-proxy.ts';
import { claimantOf, openWorld, type World } from './world.ts';
import { freePort } from '../../support/free-port.ts';

let world: World;
let proxy: CuttingProxy;
let catalog: Catalog;
beforeAll(async () => {
  world = await openWorld();
  proxy = await startCuttingProxy(world.databaseUrl);
  catalog = await createCatalog(proxy);
});
afterEach(() => proxy.cut());
afterAll(async () => {
  await catalog.close();
  await proxy.close();
  await world.close();
});

describe('a connection that is lost', () => {
  it.each<[Cut, string | undefined]>([
    [{ at: 'COMMIT', side: 'after' }, 'run'],
    [{ at: 'COMMIT', side: 'before' }, undefined],
  ])('at %o leaves the outcome unknown, and trying again succeeds', async (cut, owner) => {
    const node = await world.addNode();
    proxy.cut(cut);
    const claiming = catalog.claims.acquire(claimantOf(node, 'run'), 'capturing');
    await expect(claiming).rejects.toMatchObject({
      name: 'OutcomeUnknownError',
      retryable: true,
      message: `lost the database while it was to claim node ${node}`,
    });
    // The answer to the same question differs: neither can be told from the other by who was cut off.
    await vi.waitFor(async () => expect((await world.catalog.claims.find(node))?.owner).toBe(owner), 10_000);
    proxy.cut();
    const fence = await catalog.claims.acquire(claimantOf(node, 'run'), 'capturing');
    expect(fence.epoch).toBe(1);
  });

  it('before the commit is unavailable, and nothing happened', async () => {
    const node = await world.addNode();
    proxy.cut({ at: 'INSERT INTO claims', side: 'after' });
    const claiming = catalog.claims.acquire(claimantOf(node, 'run'), 'capturing');
    await expect(claiming).rejects.toMatchObject({ name: 'UnavailableError', message: `could not claim node ${node}` });
    expect(await world.catalog.claims.find(node)).toBeUndefined();
  });

  it('while reading is unavailable, while one statement changes something its outcome is unknown', async () => {
    proxy.cut({ at: 'management_nodes', side: 'after' });
    await expect(catalog.managementNodes.list()).rejects.toMatchObject({ name: 'UnavailableError' });
    await expect(catalog.managementNodes.checkIn('mn-1')).rejects.toMatchObject({ name: 'OutcomeUnknownError' });
  });
});

describe('a database', () => {
  it('that nobody listens for is unavailable', async () => {
    const databaseUrl = `postgresql://postgres:x@127.0.0.1:${String(await freePort())}/imprint`;
    await expect(createCatalog({ databaseUrl })).rejects.toMatchObject({ name: 'UnavailableError' });
  });

  it('that refuses the password says so and keeps it out of the error', async () => {
    const url = new URL(world.databaseUrl);
    url.password = 'wrong-secret';
    const error: unknown = await createCatalog({ databaseUrl: url.href }).catch((refusal: unknown) => refusal);
    expect(error).toMatchObject({ name: 'UnauthorizedError' });
    expect(JSON.stringify(error) + String(error)).not.toContain('wrong-secret');
  });

  it('that is not there is named by its SQLSTATE', async () => {
    const url = new URL(world.databaseUrl);
    url.pathname = '/nowhere';
    await expect(createCatalog({ databaseUrl: url.href })).rejects.toMatchObject({
      name: 'NotFoundError',
      evidence: { code: '3D000' },
    });
  });

  it('that was killed is unavailable, and the same catalog goes on when it is back', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'imprint-outage-'));
    await chmod(directory, 0o755);
    const port = await freePort();
    const server = await startEmbeddedPostgres({ directory, port });
    const surviving = await createCatalog(server);
    await surviving.managementNodes.register({ name: 'mn-1', address: '', libraryRoot: '/srv' });
    process.kill(server.pid, 'SIGKILL');
    await vi.waitFor(
      () => expect(surviving.managementNodes.list()).rejects.toMatchObject({ name: 'UnavailableError' }),
      10_000,
    );
    const again = await startEmbeddedPostgres({ directory, port });
    await vi.waitFor(async () => expect(await surviving.managementNodes.list()).toHaveLength(1), 10_000);
    await surviving.close();
    await again.stop();
    await rm(directory, { recursive: true });
  });
});
