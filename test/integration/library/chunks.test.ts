import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { IntegrityError, UnsupportedError } from '../../../src/domain/errors.ts';
import type { Revision } from '../../../src/domain/image.ts';
import type { ChunkLayout } from '../../../src/library/chunks/layout.ts';
import { openDiskFiles } from '../../../src/library/disk-files.ts';
import { exportImage } from '../../../src/library/export-image.ts';
import { importImage } from '../../../src/library/import-image.ts';
import { prepare } from '../../../src/library/prepare.ts';
import { verifyStructure } from '../../../src/library/structure.ts';
import { createJobs } from '../../../src/remote/jobs.ts';
import type { LibraryPlace } from '../../../src/remote/library-place.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import { describeImport } from '../../../src/worker/image-to-import.ts';
import { writeChunks } from '../../support/chunk-disk.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const MIB = 1024 ** 2;
const jobs = createJobs({ pollIntervalMs: 50 });

describe('a disk of chunks in a library', () => {
  let directory: string;
  let place: LibraryPlace;
  let raw: string;
  const file = () => join(directory, 'sda.chunks');

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imprint-chunks-'));
    place = { name: 'mn-a', root: join(directory, 'library'), shell: createLocalShell() };
    await prepare(place, context);
    raw = await makeRaw(directory);
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const open = () =>
    openDiskFiles(place, { file: file(), format: 'chunks', scratch: join(place.root, '.scratch') }, context);

  it('is looked into without booting it, and nothing of what was unpacked stays', async () => {
    await writeChunks(raw, file());
    const files = await open();
    expect(await files.read('/etc/machine-id')).toBe('uninitialized\n');
    expect(await files.fileSystem()).toMatchObject({ type: 'ext4', clean: true });
    expect(await readdir(join(place.root, '.scratch'))).toHaveLength(2);
    await files.close();
    await files.close();
    expect(await readdir(join(place.root, '.scratch'))).toEqual([]);
    expect((await readFile('/proc/mounts', 'utf8')).includes(directory)).toBe(false);
  });

  it('is searched on logical volumes of one piece, where the machine said that they lie', async () => {
    // As LVM leaves it: no table names the place.
    const bytes = await readFile(raw);
    bytes.fill(0, 446, 512);
    await writeFile(raw, bytes);
    await writeChunks(raw, file());
    const without = await open();
    await expect(without.read('/etc/machine-id')).rejects.toThrow(UnsupportedError);
    await without.close();
    await rm(file());
    await writeChunks(raw, file(), { contents: [contentOf('vg0/root', 'ext4')] });
    const files = await open();
    expect(await files.read('/etc/machine-id')).toBe('uninitialized\n');
    await files.close();
  });

  it('is unpacked only as far as something is read of it', async () => {
    await writeChunks(raw, file(), { contents: [contentOf('sda1', 'xfs')] });
    const unpacked = await open();
    const [name] = (await readdir(join(place.root, '.scratch'))).filter((entry) => entry.endsWith('.raw'));
    const content = await readFile(join(place.root, '.scratch', name!));
    expect(content.subarray(0, 2 * MIB).equals((await readFile(raw)).subarray(0, 2 * MIB))).toBe(true);
    expect(content.subarray(2 * MIB).every((byte) => byte === 0)).toBe(true);
    await unpacked.close();
  });

  it('leaves nothing behind where a chunk is damaged', async () => {
    await writeChunks(raw, file());
    await damage(file());
    await expect(open()).rejects.toThrow(IntegrityError);
    expect(await readdir(join(place.root, '.scratch'))).toEqual([]);
  });

  it('is whole when every chunk is there and the disk has the size that is expected', async () => {
    const { disk } = await writeChunks(raw, file());
    const check = (virtualSizeBytes: number) =>
      verifyStructure(place, directory, [{ file: 'sda.chunks', format: 'chunks', virtualSizeBytes }], context);
    await check(disk.sizeBytes);
    await expect(check(disk.sizeBytes + 512)).rejects.toThrow(/are expected/);
    await damage(file());
    await expect(check(disk.sizeBytes)).rejects.toThrow(/not those that were written/);
  });

  it('is not read in a library on another host', async () => {
    await writeChunks(raw, file());
    const remote = { ...place, shell: { ...place.shell, host: 'root@192.0.2.7:22' } };
    const disk = { file: file(), format: 'chunks' as const, scratch: join(place.root, '.scratch') };
    await expect(openDiskFiles(remote, disk, context)).rejects.toThrow(/a management node’s own library only/);
    const structure = { file: 'sda.chunks', format: 'chunks' as const, virtualSizeBytes: 1 };
    const local = createLocalShell();
    const elsewhere = { ...place, shell: { ...local, host: 'root@192.0.2.7:22' } };
    await expect(verifyStructure(elsewhere, directory, [structure], context)).rejects.toThrow(UnsupportedError);
  });

  it('is imported, exported and imported again as it is', async () => {
    const { disk } = await writeChunks(raw, file());
    const imported = await importImage(
      place,
      jobs,
      { fence: fenceOf('a'), revision: revisionOf('web'), files: [{ path: file(), format: 'chunks', name: 'sda' }] },
      context,
    );
    const [staged] = imported.manifest.disks;
    expect(staged).toMatchObject({
      name: 'sda',
      file: 'sda.chunks',
      format: 'chunks',
      virtualSizeBytes: disk.sizeBytes,
    });
    const target = join(directory, 'out');
    const { manifest, copy } = imported;
    await exportImage(place, jobs, { manifest, copy, directory: target, fence: fenceOf('b') }, context);
    const request = { image: 'copy', from: { directory: target }, author: 'bob' };
    const { files } = await describeImport(place, request, context);
    const again = await importImage(place, jobs, { fence: fenceOf('c'), revision: revisionOf('copy'), files }, context);
    expect(again.manifest.disks).toEqual(manifest.disks);
  });
});

async function makeRaw(directory: string): Promise<string> {
  const [tree, image, raw] = ['tree', 'ext4.raw', 'disk.raw'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(join(tree, 'etc'), { recursive: true });
  await writeFile(join(tree, 'etc/machine-id'), 'uninitialized\n');
  await writeFile(join(tree, 'etc/fstab'), '');
  await execa('truncate', ['-s', '16M', image]);
  await execa('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', tree, image]);
  const table = Buffer.alloc(MIB);
  table.writeUInt8(0x83, 446 + 4);
  table.writeUInt32LE(2048, 446 + 8);
  table.writeUInt32LE(16 * 2048, 446 + 12);
  table.writeUInt16LE(0xaa55, 510);
  await writeFile(raw, Buffer.concat([table, await readFile(image)]));
  return raw;
}

function contentOf(name: string, type: string): ChunkLayout['contents'][number] {
  return { name, offset: MIB, length: 16 * MIB, type, copied: 'used' };
}

async function damage(file: string): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.length - 10;
  bytes[at] = bytes[at]! ^ 1;
  await writeFile(file, bytes);
}

function fenceOf(name: string) {
  return { node: '', owner: `importImage/${name}`, epoch: 1 };
}

function revisionOf(image: string): Revision {
  const made = { operatingSystem: 'debian-12', comment: '', author: 'test', created: '2024-01-01T00:00:00Z' };
  return { id: 8, imageId: 3, image, revision: 1, state: 'capturing', ...made };
}
