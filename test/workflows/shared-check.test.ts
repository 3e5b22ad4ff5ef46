import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, vi } from 'vitest';
import type { ModuleDependencies } from '../../src/activities/dependencies.ts';
import type { SlotTurn } from '../../src/catalog/slots.ts';
import type { RunHandle } from '../../src/client.ts';
import { captureFreshNode } from '../support/captured-image.ts';
import type { TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { patience } from '../support/runs.ts';

/** More than the worker does checks at once, so that waiting takes none of its places. */
const loads = 12;

describe('a full checksum that many loads of one copy need', () => {
  let imprint: TestImprint;
  /** Images of which everybody is told that it is his turn. */
  const unguarded = new Set<string>();
  /** While it is set, whoever has hashed waits for it before his result is recorded. */
  let held: Promise<unknown> | undefined;
  let hashed = 0;

  withImprint(async (started) => {
    imprint = started;
    await imprint.startWorkerHere(watched);
    for (const resource of ['management-node/mn-test', 'library/mn-test']) {
      await imprint.catalog.slots.setCapacity(resource, 1_000);
    }
  });
  const watched = (deps: ModuleDependencies): ModuleDependencies => {
    const { slots, copies } = deps.catalog;
    const request: typeof slots.request = async (asked) => {
      const free = asked.resources.some((resource) => [...unguarded].some((image) => resource.includes(`/${image}-v`)));
      const granted: SlotTurn = { granted: true, resources: asked.resources, waitedSeconds: 0 };
      return asked.purpose === 'check' && free ? granted : await slots.request(asked);
    };
    const recordVerified: typeof copies.recordVerified = async (...what) => {
      hashed += 1;
      await held;
      await copies.recordVerified(...what);
    };
    const catalog = { ...deps.catalog, slots: { ...slots, request }, copies: { ...copies, recordVerified } };
    return { ...deps, catalog };
  };

  /** An image whose file was touched, loaded onto many nodes at once. */
  const loadTouched = async (image: string): Promise<readonly RunHandle<unknown>[]> => {
    await captureFreshNode(imprint, image);
    await utimes(join(imprint.library, `${image}-v1`, 'vda.simulated'), new Date(0), new Date(0));
    const nodes = await Promise.all(Array.from({ length: loads }, async () => await imprint.addNode()));
    return await Promise.all(nodes.map(async (one) => await imprint.client.startLoad({ node: one, image })));
  };
  const hashedBy = async (runs: readonly RunHandle<unknown>[]): Promise<number> => {
    const steps = await Promise.all(runs.map(async ({ id }) => await imprint.catalog.runs.steps(id)));
    const proofs = steps.map((all) => all.find(({ number }) => number === '3')?.evidence?.['provedBy']);
    return proofs.filter((proof) => proof === 'sha256').length;
  };
  const queueOf = async (image: string) =>
    (await imprint.catalog.slots.list()).find(({ resource }) => resource === `check/mn-test/${image}-v1`);

  it('is made once, while the others wait for it', async ({ expect }) => {
    let release = (): void => undefined;
    held = new Promise<void>((resolve) => (release = resolve));
    const runs = await loadTouched('shared');
    await vi.waitFor(async () => expect((await queueOf('shared'))?.queue).toHaveLength(loads - 1), patience);
    release();
    held = undefined;
    await Promise.all(runs.map(async (run) => await run.result()));
    expect(await hashedBy(runs)).toBe(1);
    expect(await queueOf('shared')).toBeUndefined();
  });

  it('is made by the next when the run that makes it is terminated', async ({ expect }) => {
    let release = (): void => undefined;
    held = new Promise<void>((resolve) => (release = resolve));
    const runs = await loadTouched('handed-on');
    await vi.waitFor(async () => expect((await queueOf('handed-on'))?.queue).toHaveLength(loads - 1), patience);
    const holder = (await queueOf('handed-on'))?.holders[0]?.run ?? '';
    await imprint.temporal.workflow.getHandle(holder).terminate('by the test');
    await vi.waitFor(async () => expect((await queueOf('handed-on'))?.holders[0]?.run).not.toBe(holder), patience);
    release();
    held = undefined;
    const others = runs.filter(({ id }) => id !== holder);
    await Promise.all(others.map(async (run) => await run.result()));
    expect(await hashedBy(others)).toBeLessThanOrEqual(1);
  });

  it('would be seen to be made more than once: without its turn each run makes it', async ({ expect }) => {
    unguarded.add('unguarded');
    hashed = 0;
    held = vi.waitFor(() => expect(hashed).toBeGreaterThan(1), patience);
    const runs = await loadTouched('unguarded');
    await Promise.all(runs.map(async (run) => await run.result()));
    expect(await hashedBy(runs)).toBeGreaterThan(1);
  });
});
