import { createHash, randomBytes } from 'node:crypto';
import { access, appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CapacityError, IntegrityError, UnauthorizedError, UnavailableError } from '../../../src/domain/errors.ts';
import type { Manifest } from '../../../src/domain/image.ts';
import { bringCopy, pauseTransfer } from '../../../src/library/bring-copy.ts';
import type { Connecting } from '../../../src/library/fetch-connection.ts';
import { formatManifest } from '../../../src/library/manifest.ts';
import { libraryPaths } from '../../../src/library/paths.ts';
import { prepare } from '../../../src/library/prepare.ts';
import { createJobs } from '../../../src/remote/jobs.ts';
import type { LibraryPlace } from '../../../src/remote/library-place.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import { startMeteredFront, type MeteredFront } from '../../support/metered-front.ts';
import { startSshd, type Sshd } from '../../support/sshd.ts';
import { skipWithout } from '../../support/unavailable.ts';

const MIB = 1024 ** 2;
const size = 24 * MIB;
/** What a connection and what is in flight may add. */
const slack = 4 * MIB;

const owner = 'bringCopy/mn-b/web-v1';
const jobs = createJobs({ pollIntervalMs: 100 });
const context = { signal: new AbortController().signal, progress: () => undefined };

let sshd: Sshd;
let front: MeteredFront;
let directory: string;
let target: LibraryPlace;
let manifest: Manifest;
let epoch = 0;

beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(async () => await sshd.stop());

beforeEach(async (test) => {
  skipWithout(test, 'ssh', 'copies');
  directory = await mkdtemp(join(tmpdir(), 'imprint-bring-'));
  front = await startMeteredFront(sshd.port);
  target = { name: 'mn-b', root: join(directory, 'target'), shell: createLocalShell() };
  await prepare(target, context);
  manifest = await publishSource();
});
afterEach(async () => {
  front.open();
  await pauseTransfer(target, jobs, nextFence(), context);
  await front.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A published revision in another library: one disk that nothing compresses. */
async function publishSource(): Promise<Manifest> {
  const content = randomBytes(size);
  const path = join(directory, 'source', 'web-v1');
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'vda.raw'), content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const disk = {
    name: 'vda',
    file: 'vda.raw',
    format: 'raw',
    virtualSizeBytes: size,
    sizeBytes: size,
    sha256,
  } as const;
  const made: Manifest = {
    ...{ schema: 1, image: 'web', revision: 1, revisionId: 7, operatingSystem: 'debian13', disks: [disk] },
    source: { provisioningSystem: 'import', computer: 'import', run: 'importImage/web/after-v0' },
    ...{ cleanShutdown: { kind: 'imported' }, sealChecks: [], created: '2026-01-01T00:00:00.000Z' },
  };
  await writeFile(join(path, 'manifest.json'), formatManifest(made));
  return made;
}

function source(more: Partial<NonNullable<Connecting['ssh']>> = {}): Connecting {
  const ssh = { address: '127.0.0.1', port: front.port, user: 'root', hostKeys: sshd.hostKeys, ...more };
  const privateKey = async (): Promise<string> => await Promise.resolve(sshd.privateKey);
  return { name: 'library mn-a', directory: join(directory, 'source', 'web-v1'), ssh, privateKey };
}

function nextFence() {
  epoch += 1;
  return { node: 'lab-01', owner, epoch };
}

async function bring(from: Connecting = source()) {
  return await bringCopy(target, jobs, { fence: nextFence(), manifest, source: from }, context);
}

const staged = (): string => join(libraryPaths(target).staging(owner), 'vda.raw');
const published = (): string => join(target.root, 'web-v1');
const isThere = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );

async function stagedBytes(): Promise<number> {
  return (await stat(staged()).catch(() => undefined))?.size ?? 0;
}

/** Begins, and ends the job by SIGKILL once a part is there; resolves when the attempt has given up. */
async function bringHalf(): Promise<void> {
  front.stopAt(size / 2);
  const half = bring().then(
    () => 'brought',
    (error: unknown) => error,
  );
  await vi.waitFor(async () => expect(await stagedBytes()).toBeGreaterThan(size / 4), { timeout: 60_000 });
  await pauseTransfer(target, jobs, nextFence(), context);
  expect(await half).toBeInstanceOf(Error);
  expect(await isThere(published())).toBe(false);
  front.cut();
  front.open();
}

describe('bringing a copy from another library', () => {
  it('checks it and makes it visible at once; the way to the source and the jobs are gone then', async () => {
    const copy = await bring();
    expect(copy).toMatchObject({ revisionId: 7, library: 'mn-b', path: published(), sizeBytes: size });
    const content = await readFile(join(published(), 'vda.raw'));
    expect(createHash('sha256').update(content).digest('hex')).toBe(manifest.disks[0]?.sha256);
    expect(await readFile(join(published(), 'manifest.json'), 'utf8')).toBe(formatManifest(manifest));
    expect(await isThere(join(libraryPaths(target).jobs(owner), '.connection'))).toBe(false);
    expect(await isThere(libraryPaths(target).staging(owner))).toBe(false);
    // Asked again: it is proved and answered, and nothing is sent.
    const sent = front.bytes;
    expect(await bring()).toMatchObject({ path: published() });
    expect(front.bytes).toBe(sent);
  });

  it('sends no byte twice when it was killed in the middle, and shows nothing half-written', async () => {
    await bringHalf();
    expect(await stagedBytes()).toBeGreaterThan(size / 4);
    await bring();
    expect(front.bytes).toBeLessThan(size + slack);
    expect(await isThere(published())).toBe(true);
  });

  it('goes on while nobody waits for it, as when the worker is gone, and the next attempt attaches to it', async () => {
    const before = await sshd.loginCount();
    front.stopAt(size / 2);
    const worker = new AbortController();
    const request = { fence: nextFence(), manifest, source: source() };
    const gone = bringCopy(target, jobs, request, { ...context, signal: worker.signal }).catch(() => 'gone');
    await vi.waitFor(async () => expect(await stagedBytes()).toBeGreaterThan(size / 4), { timeout: 60_000 });
    worker.abort();
    expect(await gone).toBe('gone');
    front.open();
    await bring();
    expect(front.bytes).toBeLessThan(size + slack);
    expect((await sshd.loginCount()) - before).toBe(1);
  });

  it('would be seen to send bytes twice: without what was staged, all of it comes again', async () => {
    await bringHalf();
    await rm(staged());
    await bring();
    expect(front.bytes).toBeGreaterThan(size + slack);
  });

  it('removes what came damaged, publishes nothing, and brings it anew', async () => {
    await mkdir(libraryPaths(target).staging(owner), { recursive: true });
    const path = join(source().directory, 'vda.raw');
    const sound = await readFile(path);
    await writeFile(path, randomBytes(size));
    await expect(bring()).rejects.toThrow(IntegrityError);
    expect({ staged: await isThere(staged()), published: await isThere(published()) }).toEqual({
      staged: false,
      published: false,
    });
    await writeFile(path, sound);
    await bring();
    expect(await isThere(published())).toBe(true);
  });

  it('corrects a beginning that is not that of the file', async () => {
    await bringHalf();
    const beginning = await readFile(staged());
    beginning.fill(0, 0, MIB);
    await writeFile(staged(), beginning);
    await bring();
    expect(await isThere(published())).toBe(true);
  });

  it('says that the source is away, or is another machine, and needs room before the first byte', async () => {
    await expect(bring(source({ port: 1 }))).rejects.toThrow(UnavailableError);
    const strange = source({
      hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmkyDgzcSEbdl6MpmWyKEeFtAVIDwmZVZ9ZNPNBl3rO'],
    });
    await expect(bring(strange)).rejects.toThrow(UnauthorizedError);
    const [disk] = manifest.disks;
    if (disk === undefined) throw new Error('the manifest has no disk');
    manifest = { ...manifest, disks: [{ ...disk, sizeBytes: 2 ** 50 }] };
    const sent = front.bytes;
    await expect(bring()).rejects.toThrow(CapacityError);
    expect(front.bytes).toBe(sent);
  });

  it('reads the files itself where its host sees them, and never takes another revision for the copy', async () => {
    const { ssh: _none, ...seen } = source();
    await bring(seen);
    expect(front.bytes).toBe(0);
    await appendFile(join(published(), 'manifest.json'), ' ');
    manifest = { ...manifest, source: { ...manifest.source, run: 'captureImage/lab-07/1' } };
    await expect(bring(seen)).rejects.toThrow(/another revision is there, which run importImage/);
  });
});
