import { appendFile, chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { isImported, type Manifest, type Revision } from '../../../src/domain/image.ts';
import { exportImage } from '../../../src/library/export-image.ts';
import { importImage } from '../../../src/library/import-image.ts';
import { readManifest } from '../../../src/library/manifest.ts';
import { prepare } from '../../../src/library/prepare.ts';
import { createJobs } from '../../../src/remote/jobs.ts';
import type { LibraryPlace } from '../../../src/remote/library-place.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import { describeImport, type ImageToImport } from '../../../src/worker/image-to-import.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const jobs = createJobs({ pollIntervalMs: 50 });
const fence = (owner: string) => ({ node: '', owner, epoch: 1 });
const secret = 'root:only-the-host-knows';

function revisionOf(image: string, id: number): Revision {
  const made = { operatingSystem: 'debian-12', comment: '', author: 'test', created: '2024-01-01T00:00:00Z' };
  return { id, imageId: 3, image, revision: 1, state: 'capturing', ...made };
}

describe('an exported image', () => {
  let directory: string;
  let place: LibraryPlace;
  let source: { readonly manifest: Manifest; readonly path: string };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imprint-export-'));
    place = { name: 'mn-a', root: join(directory, 'library'), shell: createLocalShell() };
    await prepare(place, context);
    source = await publishSource();
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** Two disks, as a capture would have published them. */
  async function publishSource() {
    for (const name of ['a', 'b']) {
      await writeFile(join(directory, `${name}.img`), Buffer.alloc(131_072, name));
    }
    const files = ['a', 'b'].map((name) => ({
      path: join(directory, `${name}.img`),
      format: 'raw' as const,
      name: `sd${name}`,
    }));
    const facts = {
      source: { provisioningSystem: 'libvirt', computer: 'lab-07', definition: '<domain/>' },
      cleanShutdown: { kind: 'clean', reason: 'shutdown' },
      sealChecks: [{ check: 'machine-id', outcome: 'passed', found: 'uninitialized' }],
    } as const;
    const request = { fence: fence('captureImage/lab-07/1'), revision: revisionOf('web', 7), files, facts };
    const { manifest, copy } = await importImage(place, jobs, request, context);
    return { manifest, path: copy.path };
  }

  async function exported(name = 'out', manifest = source.manifest): Promise<string> {
    const target = join(directory, name);
    const known = { ...manifest, catalog: { comment: 'for the course', author: 'ann', osModule: 'linux' } };
    const copy = { revisionId: 7, library: 'mn-a', path: source.path, sizeBytes: 1 };
    const request = { manifest: known, copy, directory: target, fence: fence(`exportImage/web-v1/${name}`) };
    await exportImage(place, jobs, request, context);
    return target;
  }

  async function imported(from: string, change: Partial<ImageToImport> = {}, image = 'copy') {
    const request = { image, from: { directory: from }, author: 'bob', ...change };
    const described = await describeImport(place, request, context);
    const revision = revisionOf(image, 8);
    const wanted = { fence: fence(`importImage/${image}/after-v0`), revision, files: described.files };
    const facts = described.facts === undefined ? {} : { facts: described.facts };
    return { described, ...(await importImage(place, jobs, { ...wanted, ...facts }, context)) };
  }

  const besides = async (): Promise<readonly string[]> =>
    (await readdir(directory)).filter((name) => !['a.img', 'b.img', 'library'].includes(name)).sort();

  it('lies whole in its new directory, and `sha256sum -c` says so', async () => {
    const target = await exported();
    expect((await readdir(target)).sort()).toEqual(['SHA256SUMS', 'manifest.json', 'sda.qcow2', 'sdb.qcow2']);
    const { stdout } = await execa('sha256sum', ['-c', 'SHA256SUMS'], { cwd: target });
    expect(stdout.split('\n').filter((line) => line.endsWith(': OK'))).toHaveLength(3);
    expect(await besides()).toEqual(['out']);
    await chmod(join(target, 'sda.qcow2'), 0o644);
    await appendFile(join(target, 'sda.qcow2'), 'x');
    await expect(execa('sha256sum', ['-c', 'SHA256SUMS'], { cwd: target })).rejects.toThrow('sda.qcow2: FAILED');
  });

  it('keeps what was known of it when it is imported, under a new id', async () => {
    const { manifest, copy, described } = await imported(await exported());
    expect(described.reservation).toEqual({
      image: 'copy',
      operatingSystem: 'debian-12',
      comment: 'for the course',
      author: 'bob',
      capturedFrom: 'lab-07',
    });
    expect(described.osModule).toBe('linux');
    expect(manifest).toMatchObject({
      image: 'copy',
      revisionId: 8,
      disks: source.manifest.disks,
      source: { computer: 'lab-07', definition: '<domain/>', run: 'importImage/copy/after-v0' },
      cleanShutdown: source.manifest.cleanShutdown,
      sealChecks: source.manifest.sealChecks,
      origin: { image: 'web', revision: 1, revisionId: 7, run: 'captureImage/lab-07/1' },
    });
    expect(await readManifest(place, copy.path, context)).toEqual(manifest);
    // What it holds names another revision, so that postLoad writes its name anew.
    expect(isImported({ manifest })).toBe(true);
    expect(isImported({ manifest: source.manifest })).toBe(false);
  });

  it('never takes the place of something that is there, and leaves nothing when it fails', async () => {
    await mkdir(join(directory, 'taken'));
    await expect(exported('taken')).rejects.toMatchObject({ name: 'ConflictError', message: /exists already$/ });
    await expect(exported('no/where')).rejects.toThrow(/there is no directory .*\/no$/);
    const disks = source.manifest.disks.map((disk) => ({ ...disk, sha256: '0'.repeat(64) }));
    await expect(exported('out', { ...source.manifest, disks })).rejects.toThrow(
      /sda\.qcow2: its content is not what was published/,
    );
    await rm(join(source.path, 'sdb.qcow2'));
    await expect(exported()).rejects.toThrow(/sdb\.qcow2 .*the file is missing/);
    expect(await besides()).toEqual(['taken']);
    expect(await readdir(join(directory, 'taken'))).toEqual([]);
  });

  it('of which a byte, a disk, a checksum or the manifest was changed is not published', async () => {
    const spoil = async (name: string, change: (path: string) => Promise<unknown>): Promise<unknown> => {
      const path = join(directory, name);
      await cp(whole, path, { recursive: true });
      await execa('chmod', ['-R', 'u+w', path]);
      await change(path);
      return await imported(path, {}, name).catch((error: unknown) => String(error));
    };
    const replace = async (path: string, from: string, to: string): Promise<void> =>
      await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
    const whole = await exported();
    const byte = await spoil('byte', async (path) => {
      const disk = await readFile(join(path, 'sdb.qcow2'));
      disk[disk.length - 1] = (disk.at(-1) ?? 0) ^ 1;
      await writeFile(join(path, 'sdb.qcow2'), disk);
    });
    expect(byte).toMatch(/sdb\.qcow2: its content is not what was exported/);
    expect(await spoil('size', (path) => appendFile(join(path, 'sda.qcow2'), 'x'))).toMatch(/\d are expected/);
    expect(await spoil('gone', (path) => rm(join(path, 'sdb.qcow2')))).toMatch(/the file is missing/);
    expect(await spoil('facts', (path) => replace(join(path, 'manifest.json'), 'lab-07', 'lab-08'))).toMatch(
      /SHA256SUMS has another checksum for manifest\.json/,
    );
    expect(await spoil('sums', (path) => replace(join(path, 'SHA256SUMS'), 'sda.qcow2', 'other'))).toMatch(
      /SHA256SUMS has no checksum for sda\.qcow2/,
    );
    expect(await spoil('none', (path) => rm(join(path, 'manifest.json')))).toMatch(/holds no exported image/);
    expect(await readdir(place.root)).not.toContain('byte-v1');
    // The control: the same way, with nothing changed.
    expect(await spoil('same', async () => await Promise.resolve())).toMatchObject({ manifest: { image: 'same' } });
  });

  it('whose disk names a backing file is refused, though all checksums are right', async () => {
    const target = await exported();
    await writeFile(join(directory, 'secret.raw'), secret.padEnd(131_072, '#'));
    await rm(join(target, 'sda.qcow2'));
    const args = ['create', '-q', '-f', 'qcow2', '-b', join(directory, 'secret.raw'), '-F', 'raw', 'sda.qcow2'];
    await execa('qemu-img', args, { cwd: target });
    const manifest = JSON.parse(await readFile(join(target, 'manifest.json'), 'utf8')) as Manifest;
    const bytes = await readFile(join(target, 'sda.qcow2'));
    const { stdout } = await execa('sha256sum', ['sda.qcow2'], { cwd: target });
    const first = { ...manifest.disks[0], sizeBytes: bytes.length, sha256: stdout.slice(0, 64) };
    await writeFile(join(target, 'manifest.json'), JSON.stringify({ ...manifest, disks: [first, manifest.disks[1]] }));
    await rm(join(target, 'SHA256SUMS'));
    await expect(imported(target)).rejects.toThrow(/sda\.qcow2 as qcow2: it names a backing file/);
    expect(await readdir(place.root)).not.toContain('copy-v1');
  });
});

describe('a file whose content claims another format', () => {
  let directory: string;
  let place: LibraryPlace;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imprint-claim-'));
    place = { name: 'mn-a', root: join(directory, 'library'), shell: createLocalShell() };
    await prepare(place, context);
    await writeFile(join(directory, 'secret.raw'), secret.padEnd(131_072, '#'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const run = (format: 'raw' | 'qcow2') =>
    importImage(
      place,
      jobs,
      {
        fence: fence('importImage/x/1'),
        revision: revisionOf('x', 9),
        files: [{ path: join(directory, 'claims.img'), format }],
      },
      context,
    );

  it('is imported as exactly its bytes where it is said to be raw, and what it names is never opened', async () => {
    const claims = join(directory, 'claims.img');
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', join(directory, 'secret.raw'), '-F', 'raw', claims]);
    await execa('truncate', ['-s', '%512', claims]);
    const { copy } = await run('raw');
    const published = join(copy.path, 'vda.qcow2');
    await execa('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', claims, published]);
    expect((await readFile(published)).includes(secret)).toBe(false);
    // The control: a copy by what the content claims holds what the host keeps to itself.
    await execa('qemu-img', ['convert', '-O', 'qcow2', claims, join(directory, 'fooled.qcow2')]);
    expect((await readFile(join(directory, 'fooled.qcow2'))).includes(secret)).toBe(true);
  });

  it.each(['vmdk', 'vdi', 'raw'])('is refused where it is said to be qcow2 and is %s', async (format) => {
    await execa('qemu-img', ['create', '-q', '-f', format, 'claims.img', '1M'], { cwd: directory });
    await expect(run('qcow2')).rejects.toThrow(/claims\.img as qcow2: it is not a qcow2 file/);
    expect((await readdir(place.root)).toSorted()).toEqual(['.jobs', '.staging']);
  });
});
