import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import { transferOwner } from '../../src/domain/copy-transfer.ts';
import type { Revision } from '../../src/domain/image.ts';
import { pauseTransfer } from '../../src/library/bring-copy.ts';
import { libraryPaths } from '../../src/library/paths.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import { captureFreshNode } from '../support/captured-image.ts';
import type { TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { startMeteredFront, type MeteredFront } from '../support/metered-front.ts';
import { publishDisk } from '../support/published-image.ts';
import { patience, violationsOn } from '../support/runs.ts';
import { sha256Of } from '../support/sha256.ts';
import { startSshd, type Sshd } from '../support/sshd.ts';
import { firstNode, secondLibrary, secondNode, startSecondWorker } from '../support/two-management-nodes.ts';
import { skipWithout } from '../support/unavailable.ts';
import type { WorkerProcess } from '../support/worker-process.ts';

const MIB = 1024 ** 2;
/** A simulated node reads no file above 16 MiB. */
const size = 14 * MIB;
/** What connections and what is in flight may add. */
const slack = 3 * MIB;

/** Real workers of two management nodes with a library each; the second one fetches what it has not from the first, over a real sshd. */
describe('a copy that is brought from another library', () => {
  let imprint: TestImprint;
  let sshd: Sshd | undefined;
  let front: MeteredFront;
  let second: WorkerProcess;

  withImprint(async (started) => {
    imprint = started;
    sshd = await startSshd();
    [, second] = await Promise.all([imprint.startWorker(), startSecond()]);
    await captureFreshNode(imprint, 'base');
  });
  beforeEach(async (test) => {
    skipWithout(test, 'ssh', 'copies');
    front = await startMeteredFront(sshd?.port ?? 0);
    await imprint.catalog.copyTransfers.editHost(firstNode, { sshPort: front.port, hostKeys: sshd?.hostKeys ?? [] });
  });
  afterEach(async () => await front.stop());
  afterAll(async () => await sshd?.stop());

  const startSecond = async () =>
    await startSecondWorker(imprint, { IMPRINT_SECRET_LIBRARY_SSH_KEY: sshd?.privateKey ?? '' });
  const place = () => ({ name: secondNode, root: secondLibrary(imprint), shell: createLocalShell() });
  const pathsOf = ({ image, revision }: Revision) => {
    const owner = transferOwner({ image, revision, library: secondNode });
    const { staging, jobs, revision: published } = libraryPaths(place());
    return {
      owner,
      staged: join(staging(owner), 'vda.simulated'),
      jobs: jobs(owner),
      published: published({ image, revision }),
    };
  };
  const stagedBytes = async (revision: Revision): Promise<number> =>
    (await stat(pathsOf(revision).staged).catch(() => undefined))?.size ?? 0;

  /** A load of a large image onto a node of the second one: half of its bytes have come, and the worker is gone. */
  const startAndKill = async () => {
    const revision = await publishLarge(imprint);
    const node = await imprint.addNode();
    await imprint.catalog.computers.edit(node, () => ({ managementNode: secondNode }));
    front.stopAt(size / 2);
    const load = await imprint.client.startLoad({ node, image: revision.image });
    await vi.waitFor(async () => expect(await stagedBytes(revision)).toBeGreaterThan(size / 4), patience);
    await second.kill();
    expect(await stagedBytes(revision)).toBeLessThan(size);
    return { revision, node, load };
  };

  /** As when the host of the library was restarted: the jobs are dead, and the connection with them. */
  const endJobs = async (revision: Revision): Promise<void> => {
    const fence = await imprint.catalog.copyTransfers.supersede(pathsOf(revision).owner);
    if (fence === undefined) throw new Error(`nobody brings ${revision.image}`);
    const context = { signal: AbortSignal.timeout(60_000), progress: () => undefined };
    await pauseTransfer(place(), createJobs(), fence, context);
    front.cut();
  };

  const expectBrought = async (revision: Revision, node: string, load: RunHandle<unknown>): Promise<void> => {
    const { catalog, client } = imprint;
    expect(await load.result()).toMatchObject({ found: 'RELOAD' });
    expect((await client.nodeStatus(node)).status).toBe('READY');
    const brought = (await catalog.runs.steps(load.id)).find(({ number }) => number === '3.1');
    expect(brought).toMatchObject({ state: 'done', evidence: { from: `library ${firstNode}`, bytes: size } });
    expect(brought?.attempt).toBeGreaterThan(1);
    expect((await catalog.copies.list(revision.id)).map(({ library }) => library)).toEqual(
      [secondNode, firstNode].sort(),
    );
    const { published, jobs } = pathsOf(revision);
    expect(await sha256Of(join(published, 'vda.simulated'))).toBe(revision.manifest?.disks[0]?.sha256);
    expect(await left(jobs)).toEqual([]);
    expect(await left(join(secondLibrary(imprint), '.staging'))).toEqual([]);
    expect((await catalog.slots.list()).filter(({ holders, queue }) => holders.length + queue.length > 0)).toEqual([]);
    expect(await violationsOn(imprint, node)).toEqual([]);
  };

  it('goes on while its worker is dead, and the next one finds it: one connection, no byte twice', async () => {
    const before = (await sshd?.loginCount()) ?? 0;
    const { revision, node, load } = await startAndKill();
    front.open();
    await vi.waitFor(async () => expect(await stagedBytes(revision)).toBe(size), patience);
    second = await startSecond();
    await expectBrought(revision, node, load);
    expect(front.bytes).toBeLessThan(size + slack);
    expect(await sshd?.loginCount()).toBe(before + 1);
  }, 240_000);

  it('is gone on with where its job was killed with the worker: what had come is not sent again', async () => {
    const { revision, node, load } = await startAndKill();
    await endJobs(revision);
    front.open();
    second = await startSecond();
    await expectBrought(revision, node, load);
    expect(front.bytes).toBeLessThan(size + slack);
  }, 240_000);

  it('would be seen to send bytes twice: with its job killed and what had come removed, half of it comes again', async () => {
    const { revision, node, load } = await startAndKill();
    await endJobs(revision);
    await rm(pathsOf(revision).staged);
    front.open();
    second = await startSecond();
    await expectBrought(revision, node, load);
    expect(front.bytes).toBeGreaterThan(size + slack);
  }, 240_000);
});

/**
 * What the nodes are loaded with, made large by blanks behind it. Its manifest is out of the way, as on another machine: the second one's host cannot
 * read the files itself.
 */
async function publishLarge(imprint: TestImprint): Promise<Revision> {
  const small = await readFile(join(imprint.library, 'base-v1', 'vda.simulated'));
  const blanks = randomBytes(size - small.length).map((byte) => (byte % 2 === 0 ? 0x20 : 0x0a));
  const revision = await publishDisk(imprint, imprint.fresh('large'), Buffer.concat([small, blanks]));
  const path = join(imprint.library, `${revision.image}-v1`, 'manifest.json');
  await rename(path, `${path}.away`);
  return revision;
}

/** What lies in a directory of the library but the records of fences and locks, which stay. */
async function left(directory: string): Promise<readonly string[]> {
  const found = await readdir(directory, { withFileTypes: true });
  return found.filter((one) => one.isDirectory()).map(({ name }) => name);
}
