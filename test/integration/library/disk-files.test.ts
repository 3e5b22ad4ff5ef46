import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { openDiskFiles } from '../../../src/library/disk-files.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const MIB = 1024 ** 2;

describe('looking into a disk that nobody booted', () => {
  let root: string;
  const place = () => ({ name: 'mn-a', root, shell: createLocalShell() });
  const open = (file: string, format: 'qcow2' | 'raw' = 'qcow2') =>
    openDiskFiles(place(), { file: join(root, file), format, scratch: join(root, 'scratch') }, context);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'imprint-disk, with comma-'));
    await makeTree(join(root, 'tree'));
    await makeExt4(join(root, 'ext4.raw'), join(root, 'tree'));
    await toQcow2(join(root, 'ext4.raw'), join(root, 'plain.qcow2'));
    await makePartitioned(root);
  });

  afterAll(() => rm(root, { recursive: true, force: true }));

  it.each(['plain.qcow2', 'partitioned.qcow2'])(
    'reads files, lists directories and follows links inside %s',
    async (file) => {
      const files = await open(file);
      try {
        expect(await files.read('/etc/machine-id')).toBe('uninitialized\n');
        expect(await files.read('/etc/machine-id', 5)).toBe('unini');
        expect(await files.read('/etc/os-release')).toBe('ID=debian\n');
        expect(await files.read('/lib/os-release')).toBe('ID=debian\n');
        expect(await files.read('/etc/outside')).toBeUndefined();
        expect(await files.read('/etc/missing')).toBeUndefined();
        expect(await files.read('/etc')).toBeUndefined();
        expect(await files.read('/etc/with blank')).toBe('blank\n');
        expect((await files.list('/home'))?.toSorted()).toEqual(['alice', 'bob']);
        expect(await files.list('/home/empty')).toBeUndefined();
        expect(await files.list('/etc/machine-id')).toBeUndefined();
        expect(await files.list('/nowhere')).toBeUndefined();
        expect(await files.fileSystem()).toMatchObject({ type: 'ext4', clean: true, mountCount: 0 });
      } finally {
        await files.close();
      }
      await files.close();
      expect((await readFile('/proc/mounts', 'utf8')).includes(root)).toBe(false);
    },
  );

  it('sees a file system that was not shut down', async () => {
    await execa('cp', ['ext4.raw', 'dirty.raw'], { cwd: root });
    await execa('debugfs', ['-w', '-R', 'set_super_value state 0', join(root, 'dirty.raw')]);
    const files = await open('dirty.raw', 'raw');
    expect(await files.fileSystem()).toMatchObject({ clean: false });
    await files.close();
  });

  it.each(['whole disk', 'partition'])(
    'sees what is only in the journal of a system whose power was cut (%s)',
    async (on) => {
      const raw = join(root, `cut ${on}.raw`);
      await makeCut(raw, join(root, 'ext4.raw'));
      if (on === 'partition') await putIntoPartition(raw, raw);
      await toQcow2(raw, join(root, 'cut.qcow2'));
      const before = await readFile(join(root, 'cut.qcow2'));

      const files = await open('cut.qcow2');

      expect(await files.read('/etc/machine-id')).toBe('in the journal');
      expect(await files.read('/etc/os-release')).toBe('ID=debian\n');
      expect(await files.fileSystem()).toMatchObject({ type: 'ext4', clean: false });
      await files.close();
      expect((await readFile(join(root, 'cut.qcow2'))).equals(before)).toBe(true);
      expect((await readFile('/proc/mounts', 'utf8')).includes(root)).toBe(false);
    },
  );

  it('answers nothing where a journal cannot be replayed', async () => {
    await makeCut(join(root, 'torn.raw'), join(root, 'ext4.raw'));
    // Inode 8 is the journal's: its first block says that it is one.
    const { stdout } = await execa('debugfs', ['-c', '-R', 'bmap <8> 0', join(root, 'torn.raw')]);
    await execa('dd', [
      'if=/dev/zero',
      `of=${join(root, 'torn.raw')}`,
      'bs=1k',
      `seek=${stdout.trim()}`,
      'count=1',
      'conv=notrunc',
    ]);
    const files = await open('torn.raw', 'raw');
    await expect(files.read('/etc/machine-id')).rejects.toThrow(
      /found ext4 with a journal that cannot be replayed \(e2fsck: /,
    );
    expect(await files.fileSystem()).toMatchObject({ clean: false });
    await files.close();
  });

  it('says of every question that it cannot read another file system', async () => {
    await writeFile(join(root, 'xfs.raw'), Buffer.concat([Buffer.from('XFSB'), Buffer.alloc(MIB)]));
    const files = await open('xfs.raw', 'raw');
    await expect(files.read('/etc/machine-id')).rejects.toThrow(/expected .* ext4, found xfs on the whole disk/);
    await expect(files.list('/home')).rejects.toMatchObject({ name: 'UnsupportedError' });
    expect(await files.fileSystem()).toMatchObject({ clean: false });
    await files.close();
  });

  it('says what debugfs complained of where it cannot read an ext file system', async () => {
    await execa('cp', ['ext4.raw', 'ruined.raw'], { cwd: root });
    await execa('debugfs', ['-w', '-R', 'clri <2>', join(root, 'ruined.raw')]);
    const files = await open('ruined.raw', 'raw');
    await expect(files.read('/etc/machine-id')).rejects.toThrow(
      /found ext2, ext3 or ext4 on the whole disk \(.*(checksum|directory)/,
    );
    expect(await files.fileSystem()).toMatchObject({ clean: false });
    await files.close();
  });

  it('ends what an earlier attempt for the same file left running', async () => {
    const first = await open('plain.qcow2');
    const second = await open('plain.qcow2');
    expect(await second.read('/etc/machine-id')).toBe('uninitialized\n');
    await expect(first.read('/etc/missing')).resolves.toBeUndefined();
    await second.close();
    await first.close();
    expect((await readFile('/proc/mounts', 'utf8')).includes(root)).toBe(false);
  });

  it('opens nothing that a crafted header names', async () => {
    await execa('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      '/etc/passwd',
      '-F',
      'raw',
      join(root, 'crafted.qcow2'),
    ]);
    await expect(open('crafted.qcow2')).rejects.toThrow(/names a backing file/);
    await expect(open('tree/etc/machine-id')).rejects.toThrow(/not a qcow2 file/);
  });

  it.runIf(process.getuid?.() === 0)('reads as a user that has nothing to lose', async () => {
    const tools = join(root, 'tools');
    const seen = join(root, 'seen');
    await mkdir(tools);
    await execa('chmod', ['0755', root, tools]);
    await writeFile(seen, '', { mode: 0o666 });
    await execa('chmod', ['0666', seen]);
    const script = `#!/bin/sh\nid -u >>'${seen}'\nexec "$(PATH=/usr/sbin:/sbin command -v debugfs)" "$@"\n`;
    await writeFile(join(tools, 'debugfs'), script, { mode: 0o755 });
    const environment = { ...process.env, PATH: `${tools}:${process.env['PATH'] ?? ''}` };
    const files = await openDiskFiles(
      { ...place(), shell: createLocalShell({ environment }) },
      { file: join(root, 'plain.qcow2'), format: 'qcow2', scratch: join(root, 'scratch') },
      context,
    );
    expect(await files.read('/etc/machine-id')).toBe('uninitialized\n');
    await files.close();
    expect(new Set((await readFile(seen, 'utf8')).trim().split('\n'))).toEqual(new Set(['65534']));
  });

  it('reads a raw copy where FUSE is not to be had', async () => {
    const bare = createLocalShell();
    // A host without the program that makes the export: everything else is the real thing.
    const shell = {
      ...bare,
      run: async (...call: Parameters<typeof bare.run>) => bare.run(call[0], call[1].map(withoutFuse), call[2]),
    };
    const files = await openDiskFiles(
      { ...place(), shell },
      { file: join(root, 'plain.qcow2'), format: 'qcow2', scratch: join(root, 'scratch') },
      context,
    );
    expect(await files.read('/etc/machine-id')).toBe('uninitialized\n');
    await files.close();
    await makeCut(join(root, 'part.raw'), join(root, 'ext4.raw'));
    await putIntoPartition(join(root, 'part.raw'), join(root, 'part.raw'));
    const part = { file: join(root, 'part.raw'), format: 'raw' as const, scratch: join(root, 'scratch') };
    const recovered = await openDiskFiles({ ...place(), shell }, part, context);
    expect(await recovered.read('/etc/machine-id')).toBe('in the journal');
    await recovered.close();
  });
});

function withoutFuse(argument: string): string {
  return argument.replace('qemu-storage-daemon', 'no-such-program');
}

async function makeTree(tree: string): Promise<void> {
  await mkdir(join(tree, 'etc'), { recursive: true });
  await mkdir(join(tree, 'home/alice'), { recursive: true });
  await mkdir(join(tree, 'home/bob'), { recursive: true });
  await mkdir(join(tree, 'usr/lib'), { recursive: true });
  await writeFile(join(tree, 'etc/machine-id'), 'uninitialized\n');
  await writeFile(join(tree, 'etc/with blank'), 'blank\n');
  await writeFile(join(tree, 'usr/lib/os-release'), 'ID=debian\n');
  await execa('ln', ['-s', 'usr/lib', join(tree, 'lib')]);
  await execa('ln', ['-s', '../usr/lib/os-release', join(tree, 'etc/os-release')]);
  await execa('ln', ['-s', '../../../../../etc/hostname', join(tree, 'etc/outside')]);
}

async function makeExt4(file: string, tree: string): Promise<void> {
  await execa('truncate', ['-s', '16M', file]);
  await execa('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', tree, file]);
}

async function toQcow2(raw: string, target: string): Promise<void> {
  await execa('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, target]);
}

/** A copy of a file system as a cut of the power leaves it: the machine-id's new content is only in the journal. */
async function makeCut(target: string, source: string): Promise<void> {
  const block = `${target}.block`;
  await execa('cp', [source, target]);
  await execa('debugfs', ['-w', '-R', 'sif /etc/machine-id size 14', target]);
  const { stdout } = await execa('debugfs', ['-R', 'bmap /etc/machine-id 0', target]);
  await writeFile(block, Buffer.concat([Buffer.from('in the journal'), Buffer.alloc(1024 - 14)]));
  const requests = `jo\njw -b ${stdout.trim()} "${block}"\njc\n`;
  await execa('debugfs', ['-w', '-f', '-', target], { input: requests });
}

/** Swap on partition 1, the root file system on partition 2, at 2 MiB. */
async function makePartitioned(root: string): Promise<void> {
  await putIntoPartition(join(root, 'ext4.raw'), join(root, 'partitioned.raw'));
  await toQcow2(join(root, 'partitioned.raw'), join(root, 'partitioned.qcow2'));
}

async function putIntoPartition(fileSystem: string, target: string): Promise<void> {
  const table = Buffer.alloc(2 * MIB);
  writeEntry(table, 0, { type: 0x82, sector: 2048, sectors: 2048 });
  writeEntry(table, 1, { type: 0x83, sector: 4096, sectors: 16 * 2048 });
  table.writeUInt16LE(0xaa55, 510);
  await writeFile(target, Buffer.concat([table, await readFile(fileSystem)]));
}

function writeEntry(table: Buffer, index: number, entry: { type: number; sector: number; sectors: number }): void {
  const at = 446 + 16 * index;
  table.writeUInt8(entry.type, at + 4);
  table.writeUInt32LE(entry.sector, at + 8);
  table.writeUInt32LE(entry.sectors, at + 12);
}
