import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import type { DiskFormat, Revision } from '../../../src/domain/image.ts';
import { formatSimulatedDisk } from '../../../src/domain/simulated-disk.ts';
import { importImage } from '../../../src/library/import-image.ts';
import { readManifest } from '../../../src/library/manifest.ts';
import { prepare } from '../../../src/library/prepare.ts';
import { verifyCopy } from '../../../src/library/verify-copy.ts';
import { createJobs } from '../../../src/remote/jobs.ts';
import type { LibraryPlace } from '../../../src/remote/library-place.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const jobs = createJobs({ pollIntervalMs: 50 });
const fence = (epoch: number) => ({ node: 'import', owner: 'importImage/base/01J8', epoch });
const revision: Revision = {
  id: 7,
  imageId: 3,
  image: 'base',
  revision: 1,
  operatingSystem: 'debian-12',
  state: 'capturing',
  comment: '',
  author: 'test',
  created: '2024-01-01T00:00:00Z',
};

describe('importing an image', () => {
  let directory: string;
  let place: LibraryPlace;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imprint-import-'));
    place = { name: 'mn-a', root: join(directory, 'library'), shell: createLocalShell() };
    await prepare(place, context);
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const run = (files: readonly [string, DiskFormat][], epoch = 1) =>
    importImage(
      place,
      jobs,
      {
        fence: fence(epoch),
        revision,
        files: files.map(([file, format]) => ({ path: join(directory, file), format })),
      },
      context,
    );

  it('publishes every disk with its checksum, and nothing twice', async () => {
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', 'a.img', '1M'], { cwd: directory });
    await writeFile(join(directory, 'b.img'), Buffer.alloc(65_536, 7));
    const first = await run([
      ['a.img', 'qcow2'],
      ['b.img', 'raw'],
    ]);
    expect(await run([['a.img', 'qcow2']], 2)).toMatchObject({ copy: { path: first.copy.path } });
    const manifest = await readManifest(place, first.copy.path, context);
    expect(manifest).toEqual(first.manifest);
    expect(manifest.disks.map(({ file, virtualSizeBytes }) => [file, virtualSizeBytes])).toEqual([
      ['vda.qcow2', 1024 ** 2],
      ['vdb.qcow2', 65_536],
    ]);
    expect(manifest.cleanShutdown).toEqual({ kind: 'imported' });
    const again = await verifyCopy(
      place,
      jobs,
      { copy: { ...first.copy, path: '' }, manifest, fence: fence(3) },
      context,
    );
    expect(again.by).toBe('identity');
    const { verified: _verified, ...unverified } = first.copy;
    expect((await verifyCopy(place, jobs, { copy: unverified, manifest, fence: fence(3) }, context)).by).toBe('sha256');
    const other = await verifyCopy(
      place,
      jobs,
      { copy: unverified, manifest: spoil(manifest), fence: fence(3) },
      context,
    ).catch((error: unknown) => String(error));
    expect(other).toMatch(/vdb\.qcow2: its content/);
  });

  it('takes a simulated disk as it is', async () => {
    const disk = { name: 'sda', virtualSizeBytes: 5, usedBytes: 3, system: { files: {}, clean: true, mountCount: 1 } };
    await writeFile(join(directory, 's.img'), formatSimulatedDisk(disk));
    const { manifest } = await run([['s.img', 'simulated']]);
    expect(manifest.disks[0]).toMatchObject({ file: 'vda.simulated', format: 'simulated', virtualSizeBytes: 5 });
  });

  it('refuses what is missing, what is no disk of the format, and what needs other files; then nothing is published', async () => {
    await writeFile(join(directory, 'text.img'), 'no disk');
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', '/etc/passwd', '-F', 'raw', 'c.img'], {
      cwd: directory,
    });
    await expect(run([['missing.img', 'qcow2']])).rejects.toThrow(/missing\.img: there is no such file/);
    await expect(run([['text.img', 'qcow2']])).rejects.toThrow(/text\.img as qcow2: it is not a qcow2 file/);
    await expect(run([['text.img', 'simulated']])).rejects.toThrow(/not a simulated disk/);
    await expect(run([['c.img', 'qcow2']])).rejects.toThrow(/backing file/);
    expect((await readdir(place.root)).toSorted()).toEqual(['.jobs', '.staging']);
  });
});

function spoil<T extends { disks: readonly { sha256: string }[] }>(manifest: T): T {
  const [first, second] = manifest.disks;
  return { ...manifest, disks: [first, { ...second, sha256: '0'.repeat(64) }] };
}
