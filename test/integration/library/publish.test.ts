import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { ConflictError, IntegrityError } from '../../../src/domain/errors.ts';
import type { Fence } from '../../../src/domain/fence.ts';
import type { Manifest, RevisionCopy } from '../../../src/domain/image.ts';
import { checksumStaged } from '../../../src/library/checksum.ts';
import { libraryPaths } from '../../../src/library/paths.ts';
import { freeBytes, prepare, requireSpace } from '../../../src/library/prepare.ts';
import { imageExists, imageSize, publish } from '../../../src/library/publish.ts';
import { openStaging, removeStaging } from '../../../src/library/staging.ts';
import { verifyStructure } from '../../../src/library/structure.ts';
import { verifyCopy } from '../../../src/library/verify-copy.ts';
import type { LibraryPlace } from '../../../src/remote/library-place.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import { unusedJobs } from '../../support/unused-jobs.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const fence = (epoch: number, owner = 'captureImage/lab-07/01J8'): Fence => ({ node: 'lab-07', owner, epoch });

describe('a library', () => {
  let place: LibraryPlace;

  beforeEach(async () => {
    const root = join(await mkdtemp(join(tmpdir(), 'imprint-library-')), 'library');
    place = { name: 'mn-a', root, shell: createLocalShell() };
    await prepare(place, context);
  });

  afterEach(() => rm(join(place.root, '..'), { recursive: true, force: true }));

  it('makes its directories so that others may pass through but not look around, again and again', async () => {
    await prepare(place, context);
    expect((await stat(place.root)).mode & 0o777).toBe(0o711);
    expect((await stat(libraryPaths(place).stagingRoot)).mode & 0o777).toBe(0o700);
    expect(await readdir(libraryPaths(place).stagingRoot)).toEqual([]);
  });

  it('forgets runs that were over long ago, and none that still has a directory', async () => {
    const { stagingRoot, jobsRoot } = libraryPaths(place);
    const make = async (age: string, path: string, ...more: string[]) => {
      await execa('mkdir', ['-p', ...more.map((each) => join(path, each)), join(path, '..')]);
      await execa('touch', ['-a', '-m', '-d', age, path]);
    };
    await make('100 days ago', join(stagingRoot, 'old.owner.json'));
    await make('10 days ago', join(stagingRoot, 'young.owner.json'));
    await make('100 days ago', join(stagingRoot, 'held.owner.json'));
    await execa('mkdir', [join(stagingRoot, 'held')]);
    await make('100 days ago', join(jobsRoot, 'old'), '.');
    await make('100 days ago', join(jobsRoot, 'held'), 'copy-vda');
    await prepare(place, context);
    expect((await readdir(stagingRoot)).toSorted()).toEqual(['held', 'held.owner.json', 'young.owner.json']);
    expect(await readdir(jobsRoot)).toEqual(['held']);
  });

  it('says what is needed and what there is when space is short', async () => {
    const have = await freeBytes(place, context);
    expect(have).toBeGreaterThan(1_000_000);
    await requireSpace(place, 1, context);
    await expect(requireSpace(place, have * 100, context)).rejects.toMatchObject({
      name: 'CapacityError',
      evidence: { needBytes: have * 100 },
    });
  });

  it('gives a staging directory to one run, and to its later attempts only', async () => {
    const path = await openStaging(place, fence(1), context);
    expect(await openStaging(place, fence(3), context)).toBe(path);
    await expect(openStaging(place, fence(2), context)).rejects.toThrow(/a later attempt/);
    await expect(removeStaging(place, fence(2), context)).rejects.toThrow(ConflictError);
    await removeStaging(place, fence(3), context);
    await removeStaging(place, fence(3), context);
    await expect(stat(path)).rejects.toThrow(/ENOENT/);
    await expect(openStaging(place, fence(2), context)).rejects.toThrow(/a later attempt/);
  });

  it('publishes by one rename, once, and never over another revision', async () => {
    const { manifest, files } = await stage(place, fence(1));
    const staged = { ...manifest };
    const first = await publish(place, fence(1), { manifest: staged, files }, context);
    expect(await publish(place, fence(2), { manifest: staged, files }, context)).toMatchObject({ path: first.path });
    expect(await readdir(place.root)).toEqual(['.jobs', '.staging', 'web-v1']);
    expect((await readdir(first.path)).sort()).toEqual(['manifest.json', 'vda.qcow2']);
    expect((await stat(join(first.path, 'vda.qcow2'))).mode & 0o777).toBe(0o444);
    expect(await imageExists(place, { image: 'web', revision: 1 }, context)).toBe(true);
    expect(await imageSize(place, { image: 'web', revision: 1 }, context)).toBeGreaterThan(190_000);

    const other = fence(1, 'captureImage/lab-08/01J9');
    const second = await stage(place, other);
    await expect(publish(place, other, second, context)).rejects.toThrow(/published by run captureImage\/lab-07/);
  });

  it('does not publish for a superseded attempt, nor a file written to since it was hashed', async () => {
    const publication = await stage(place, fence(1));
    await openStaging(place, fence(2), context);
    await expect(publish(place, fence(1), publication, context)).rejects.toThrow(/a later attempt/);
    await rm(join(libraryPaths(place).staging(fence(1).owner), 'vda.qcow2'));
    await disk(join(libraryPaths(place).staging(fence(1).owner), 'vda.qcow2'));
    await expect(publish(place, fence(2), publication, context)).rejects.toThrow(/written to since/);
    expect(await imageExists(place, { image: 'web', revision: 1 }, context)).toBe(false);
  });

  it('verifies a copy quickly while nobody touched it, and in full otherwise', async () => {
    const { manifest, files } = await stage(place, fence(1));
    const copy = await publish(place, fence(1), { manifest, files }, context);
    const check = (known: RevisionCopy) =>
      verifyCopy(place, unusedJobs, { copy: known, manifest, fence: fence(1) }, context);
    expect((await check(copy)).by).toBe('identity');
    await execa('touch', [join(copy.path, 'vda.qcow2')]);
    const full = await check(copy);
    expect(full.by).toBe('sha256');
    expect((await check({ ...copy, verified: { at: '', files: full.files } })).by).toBe('identity');
  });

  it('names the file that was damaged, cut short or removed', async () => {
    const { manifest, files } = await stage(place, fence(1));
    const copy = await publish(place, fence(1), { manifest, files }, context);
    const check = () => verifyCopy(place, unusedJobs, { copy, manifest, fence: fence(1) }, context);
    const path = join(copy.path, 'vda.qcow2');
    await execa('dd', ['if=/dev/urandom', `of=${path}`, 'bs=1', 'seek=5000', 'count=8', 'conv=notrunc']);
    await expect(check()).rejects.toThrow(/vda\.qcow2: its content/);
    await execa('truncate', ['-s', '-512', path]);
    await expect(check()).rejects.toThrow(/vda\.qcow2: its content/);
    await rm(path);
    await expect(check()).rejects.toThrow(/vda\.qcow2 .*: the file is missing/);
    await execa('ln', ['-s', '/etc/passwd', path]);
    await expect(check()).rejects.toThrow(/expected a regular file/);
  });
});

describe('the structure of a disk', () => {
  let place: LibraryPlace;
  let directory: string;

  beforeEach(async () => {
    const root = await mkdtemp(join(tmpdir(), 'imprint-library-'));
    place = { name: 'mn-a', root, shell: createLocalShell() };
    await prepare(place, context);
    directory = await openStaging(place, fence(1), context);
    await disk(join(directory, 'vda.qcow2'));
  });

  afterEach(() => rm(place.root, { recursive: true, force: true }));

  const check = (file: string, format: 'qcow2' | 'raw' | 'simulated' = 'qcow2', virtualSizeBytes = 1024 ** 2) =>
    verifyStructure(place, directory, [{ file, format, virtualSizeBytes }], context);

  it('is accepted when it is a whole disk of the declared format and size', async () => {
    await check('vda.qcow2');
    await expect(check('vda.qcow2', 'qcow2', 5)).rejects.toThrow(/vda\.qcow2.*1048576 bytes/);
  });

  it('is refused with a backing file, a data file, another format or damage', async () => {
    const make = (...args: string[]) => execa('qemu-img', ['create', '-q', '-f', 'qcow2', ...args], { cwd: directory });
    await make('-b', join(directory, 'vda.qcow2'), '-F', 'qcow2', 'backed.qcow2');
    await expect(check('backed.qcow2')).rejects.toThrow(/names a backing file/);
    await make('-o', 'data_file=data.raw', 'split.qcow2', '1M');
    await expect(check('split.qcow2')).rejects.toThrow(/names an external data file/);
    await writeFile(join(directory, 'text.qcow2'), 'no disk');
    await expect(check('text.qcow2')).rejects.toThrow(/is not a qcow2 file/);
    await expect(check('text.qcow2', 'simulated')).rejects.toThrow(IntegrityError);
    await execa('dd', ['if=/dev/zero', 'of=vda.qcow2', 'bs=65536', 'seek=1', 'count=1', 'conv=notrunc'], {
      cwd: directory,
    });
    await expect(check('vda.qcow2')).rejects.toThrow(/vda\.qcow2.*qemu-img check/);
  });
});

/** A staged disk with its checksum, and the manifest for it. */
async function stage(place: LibraryPlace, owner: Fence) {
  const directory = await openStaging(place, owner, context);
  await disk(join(directory, 'vda.qcow2'));
  const sums = await checksumStaged(place, unusedJobs, { fence: owner, files: ['vda.qcow2'] }, context);
  const { sha256, identity } = sums[0]!;
  const manifest: Manifest = {
    schema: 1,
    image: 'web',
    revision: 1,
    revisionId: owner.owner.includes('lab-07') ? 7 : 8,
    operatingSystem: 'debian-12',
    disks: [
      {
        name: 'vda',
        file: 'vda.qcow2',
        format: 'qcow2',
        virtualSizeBytes: 1024 ** 2,
        sizeBytes: identity.sizeBytes,
        sha256,
      },
    ],
    source: { provisioningSystem: 'libvirt', computer: owner.node, run: owner.owner },
    cleanShutdown: { kind: 'clean' },
    sealChecks: [],
    created: '2024-01-01T00:00:00Z',
  };
  return { manifest, files: [identity] };
}

async function disk(path: string): Promise<void> {
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', path, '1M']);
}
