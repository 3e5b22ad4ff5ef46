import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModuleDependencies } from '../../src/activities/dependencies.ts';
import { NotFoundError } from '../../src/domain/errors.ts';
import { prepare } from '../../src/library/prepare.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import type { Shell } from '../../src/remote/shell.ts';
import { simulatedSystem, type TestImprint, type WorkerHere } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { startMeteredFront, type MeteredFront } from '../support/metered-front.ts';
import { startSshd, type Sshd } from '../support/sshd.ts';

/** The management node whose library has no copy; the images are in that of mn-test. */
const far = 'mn-far';

let imprint: TestImprint;
let sshd: Sshd;
let front: MeteredFront;
let here: WorkerHere | undefined;
let root: string;

withImprint(async (started) => {
  imprint = started;
  root = join(imprint.library, '..', 'far');
  await imprint.startWorkerHere();
  await imprint.catalog.managementNodes.register({ name: far, address: '127.0.0.1', libraryRoot: root });
});
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(async () => await sshd.stop());
beforeEach(async () => {
  front = await startMeteredFront(sshd.port);
  await reachSourceAt(front.port);
});
afterEach(async () => {
  await here?.stop();
  here = undefined;
  await front.stop();
});

async function reachSourceAt(sshPort: number): Promise<void> {
  await imprint.catalog.copyTransfers.editHost('mn-test', { sshPort, hostKeys: sshd.hostKeys });
}

/** On another machine the other library would not be there to be read. */
function withoutSource(shell: Shell): Shell {
  const download: Shell['download'] = async (path, options) => {
    if (path.startsWith(`${imprint.library}/`)) throw new NotFoundError(`no file ${path}`);
    return await shell.download(path, options);
  };
  return { host: shell.host, run: shell.run.bind(shell), upload: shell.upload.bind(shell), download };
}

/** Its worker in this process, over a library of its own. */
async function startFarWorker(): Promise<void> {
  const change = (deps: ModuleDependencies): ModuleDependencies => ({
    ...deps,
    library: { ...deps.library, root, shell: withoutSource(deps.library.shell) },
    libraryKey: async () => await Promise.resolve(sshd.privateKey),
  });
  const place = { name: far, root, shell: createLocalShell() };
  await prepare(place, { signal: AbortSignal.timeout(30_000), progress: () => undefined });
  here = await imprint.startWorkerHere(change, far);
}

async function capturedImage(): Promise<string> {
  const image = imprint.fresh('image');
  const request = { node: await imprint.addNode(), image, operatingSystem: simulatedSystem };
  await (await imprint.client.startCapture(request)).result();
  return image;
}

async function farNode(): Promise<string> {
  const node = await imprint.addNode();
  await imprint.catalog.computers.edit(node, () => ({ managementNode: far }));
  return node;
}

const isThere = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );
const stagedHere = async (): Promise<readonly string[]> =>
  (await readdir(join(root, '.staging'))).filter((name) => !name.startsWith('.') && !name.endsWith('.json'));

async function step31(run: string) {
  return (await imprint.catalog.runs.steps(run)).find(({ number }) => number === '3.1');
}

describe('a load whose library has no copy', () => {
  it('brings it once for all that wait for it, and is READY', async () => {
    const image = await capturedImage();
    await startFarWorker();
    const nodes = [await farNode(), await farNode(), await farNode()];
    const before = await sshd.loginCount();
    const runs = await Promise.all(nodes.map(async (node) => await imprint.client.startLoad({ node, image })));
    for (const run of runs) expect(await run.result()).toMatchObject({ found: 'RELOAD' });
    const steps = await Promise.all(runs.map(async ({ id }) => await step31(id)));
    const brought = steps.filter(
      (step) => (step?.evidence as { from?: string } | undefined)?.from === 'library mn-test',
    );
    expect(brought).toHaveLength(1);
    expect((await sshd.loginCount()) - before).toBe(1);
    const revision = await imprint.catalog.revisions.resolve({ image });
    expect((await imprint.catalog.copies.list(revision.id)).map(({ library }) => library)).toEqual([far, 'mn-test']);
    expect(await stagedHere()).toEqual([]);
    expect(await imprint.catalog.slots.list()).toEqual([]);
  });

  it('waits for a source that is away, and goes on when it is back', async () => {
    const image = await capturedImage();
    await startFarWorker();
    await reachSourceAt(1);
    const run = await imprint.client.startLoad({ node: await farNode(), image });
    await vi.waitFor(async () => expect(await step31(run.id)).toMatchObject({ state: 'running' }), { timeout: 60_000 });
    await vi.waitFor(async () => expect((await step31(run.id))?.attempt).toBeGreaterThan(1), { timeout: 60_000 });
    expect(await isThere(join(root, `${image}-v1`))).toBe(false);
    await reachSourceAt(front.port);
    expect(await run.result()).toMatchObject({ found: 'RELOAD' });
  });

  it('that is cancelled leaves nothing, and one that waited then brings the copy', async () => {
    const image = await capturedImage();
    await startFarWorker();
    front.stopAt(1);
    const first = await imprint.client.startLoad({ node: await farNode(), image });
    await vi.waitFor(async () => expect(await stagedHere()).toHaveLength(1), { timeout: 60_000 });
    await first.cancel();
    await first.result().catch(() => undefined);
    expect(await stagedHere()).toEqual([]);
    expect(await imprint.catalog.slots.list()).toEqual([]);
    expect(await isThere(join(root, `${image}-v1`))).toBe(false);

    const [cancelled, waiting] = [
      await imprint.client.startLoad({ node: await farNode(), image }),
      await imprint.client.startLoad({ node: await farNode(), image }),
    ];
    await vi.waitFor(async () => expect((await imprint.catalog.slots.waiting()).length).toBe(1), { timeout: 60_000 });
    const [queued] = await imprint.catalog.slots.waiting();
    const [bringing, other] = queued?.run === waiting.id ? [cancelled, waiting] : [waiting, cancelled];
    await vi.waitFor(async () => expect(await stagedHere()).toHaveLength(1), { timeout: 60_000 });
    await bringing.cancel();
    await bringing.result().catch(() => undefined);
    // What another one needs is not removed.
    expect((await stagedHere()).length + Number(await isThere(join(root, `${image}-v1`)))).toBe(1);
    front.open();
    expect(await other.result()).toMatchObject({ found: 'RELOAD' });
  });

  it('fails as before where nobody has a copy that can be fetched, and says what to set', async () => {
    const image = await capturedImage();
    await startFarWorker();
    await imprint.catalog.copyTransfers.editHost('mn-test', { hostKeys: [] });
    const run = await imprint.client.startLoad({ node: await farNode(), image });
    await expect(run.result()).rejects.toThrow(/imprint management-nodes edit mn-test --host-key KEY/);
  });
});
