import { open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { IntegrityError } from '../../domain/errors.ts';
import type { GuestRecipe } from './recipe.ts';

const SECTOR = 512;
/** Where the only partition begins: 1 MiB, as every partitioning program of today aligns it. */
const PARTITION_START = 1024 ** 2;

/** Makes a bootable raw disk (MBR, one ext4 partition, GRUB in the gap before it) from a directory, without mounting anything. */
export async function makeDisk(recipe: GuestRecipe, rootDirectory: string, disk: string): Promise<void> {
  await writeFile(disk, '');
  await truncate(disk, recipe.diskBytes);
  await makeFileSystem(recipe, rootDirectory, disk);
  await installBootLoader(recipe, disk);
}

async function makeFileSystem(recipe: GuestRecipe, rootDirectory: string, disk: string): Promise<void> {
  const kibibytes = (recipe.diskBytes - PARTITION_START) / 1024;
  await execa('mke2fs', [
    ...['-q', '-F', '-t', 'ext4', '-L', 'root', '-U', recipe.rootUuid, '-m', '1', '-J', 'size=16'],
    // Everything is initialised now, so that no kernel thread writes to a freshly loaded disk.
    ...['-E', `offset=${String(PARTITION_START)},lazy_itable_init=0,lazy_journal_init=0,nodiscard`],
    ...['-d', rootDirectory, disk, `${String(kibibytes)}k`],
  ]);
}

/** `boot.img` in sector 0 loads the sector after it, where `core.img` begins; core.img's own default says that its rest follows. */
async function installBootLoader(recipe: GuestRecipe, disk: string): Promise<void> {
  const core = await makeCore(recipe, `${disk}.grub`);
  if (core.length > PARTITION_START - SECTOR)
    throw new IntegrityError('could not place the boot loader before the first partition', {
      evidence: { coreBytes: core.length },
    });
  const boot = await readFile('/usr/lib/grub/i386-pc/boot.img');
  const file = await open(disk, 'r+');
  try {
    await file.write(masterBootRecord(boot, recipe.diskBytes), 0, SECTOR, 0);
    await file.write(core, 0, core.length, SECTOR);
  } finally {
    await file.close();
  }
}

async function makeCore(recipe: GuestRecipe, scratch: string): Promise<Buffer> {
  const configuration = `${scratch}.cfg`;
  const output = `${scratch}.img`;
  await writeFile(
    configuration,
    `search.fs_uuid ${recipe.rootUuid} root\nset prefix=($root)/boot/grub\nconfigfile ($root)/boot/grub/grub.cfg\n`,
  );
  const modules = ['biosdisk', 'part_msdos', 'ext2', 'search_fs_uuid', 'configfile', 'normal', 'linux', 'echo', 'test'];
  await execa('grub-mkimage', [
    ...['-O', 'i386-pc', '-o', output, '-c', configuration, '-p', '(hd0,msdos1)/boot/grub'],
    ...modules,
  ]);
  const core = await readFile(output);
  await Promise.all([configuration, output].map((path) => rm(path)));
  return core;
}

/** Boot code, and one active Linux partition (type 0x83) that fills the disk. */
export function masterBootRecord(bootCode: Uint8Array, diskBytes: number): Buffer {
  const record = Buffer.alloc(SECTOR);
  record.set(bootCode.subarray(0, 440));
  const entry = 446;
  record[entry] = 0x80;
  record[entry + 4] = 0x83;
  // Cylinders, heads and sectors cannot say where a partition of today is; these values tell the firmware to use the numbers below.
  for (const offset of [1, 5]) record.set([0xfe, 0xff, 0xff], entry + offset);
  record.writeUInt32LE(PARTITION_START / SECTOR, entry + 8);
  record.writeUInt32LE((diskBytes - PARTITION_START) / SECTOR, entry + 12);
  record.writeUInt16LE(0xaa55, 510);
  return record;
}

/** Converts a raw disk to qcow2; holes stay holes. */
export async function convertToQcow2(raw: string, qcow2: string): Promise<void> {
  await execa('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2]);
}

/** Kernel and initramfs as they are in the root directory, for whoever starts the guest's kernel directly. */
export async function copyKernel(
  rootDirectory: string,
  directory: string,
): Promise<{ kernel: string; initrd: string }> {
  const kernel = join(directory, 'vmlinuz');
  const initrd = join(directory, 'initrd.img');
  await execa('cp', [join(rootDirectory, 'vmlinuz'), kernel]);
  await execa('cp', [join(rootDirectory, 'initrd.img'), initrd]);
  return { kernel, initrd };
}
