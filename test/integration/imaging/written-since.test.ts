import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/platform/state-directory.ts';
import { skipWithout } from '../../support/unavailable.ts';

const facts = join(packageRoot(), 'src/imaging/environment/agent/facts.sh');
let directory: string;
let volume: string;
/** A file to put into a file system. */
let written: string;

beforeEach(async (context) => {
  skipWithout(context, 'bareMetal');
  directory = await mkdtemp(join(tmpdir(), 'imprint-head-'));
  [volume, written] = [join(directory, 'volume'), join(directory, 'written')];
  await writeFile(written, 'written since\n');
  await execa('truncate', ['-s', '320M', volume]);
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

/** What the environment tells of a volume that it may have been changed by. */
async function headOf(type: string): Promise<string> {
  const script = '. "$1" && head_of "$2" "$3" | sha256sum';
  return (await execa('busybox', ['sh', '-c', script, 'head', facts, volume, type])).stdout;
}

type Command = readonly [string, ...string[]];

/** How each is made, read by its own program, and written to. */
const kinds: Readonly<
  Record<string, (volume: string, file: string) => Readonly<Record<'make' | 'read' | 'write', Command>>>
> = {
  vfat: (file, other) => ({
    make: ['mkfs.vfat', file],
    read: ['mdir', '-i', file],
    write: ['mcopy', '-i', file, other, '::written'],
  }),
  ntfs: (file, other) => ({
    make: ['mkntfs', '-Q', '-F', '-s', '512', '-p', '0', '-H', '0', '-S', '0', file],
    read: ['ntfsinfo', '-m', file],
    write: ['ntfscp', file, other, 'written'],
  }),
  btrfs: (file) => ({
    make: ['mkfs.btrfs', '-q', file],
    read: ['btrfs', 'check', '--readonly', file],
    write: ['btrfs', 'filesystem', 'label', file, 'written'],
  }),
  xfs: (file) => ({
    make: ['mkfs.xfs', '-q', file],
    read: ['xfs_repair', '-n', file],
    write: ['xfs_admin', '-L', 'written', file],
  }),
};

describe('a file system that is not ext', () => {
  it.each(Object.keys(kinds))('of the kind %s shows that it was written to, and not that it was read', async (type) => {
    const { make, read, write } = kinds[type]!(volume, written);
    const run = async ([file, ...args]: Command): Promise<unknown> => await execa(file, args);
    await run(make);
    const before = await headOf(type);
    await run(read);
    expect(await headOf(type)).toBe(before);

    await run(write);

    expect(await headOf(type)).not.toBe(before);
  });
});
