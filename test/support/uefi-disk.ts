import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { guestRootUuid } from '../../src/platform/guest/recipe.ts';
import type { GuestImage } from '../../src/platform/guest-image.ts';

const EFI_MEBIBYTES = 64;

/** The guest's system on a raw disk for UEFI firmware: an EFI system partition with GRUB in the fallback path, and its root file system. */
export async function makeUefiDisk(directory: string, guest: GuestImage): Promise<string> {
  const disk = join(directory, 'uefi.raw');
  const original = join(directory, 'original.raw');
  await execa('qemu-img', ['convert', '-O', 'raw', guest.disk, original]);
  await execa('truncate', ['-s', `${String(2_048 + EFI_MEBIBYTES + 1)}M`, disk]);
  const table = `label: gpt\nstart=1MiB, size=${String(EFI_MEBIBYTES)}MiB, type=U\nstart=${String(EFI_MEBIBYTES + 1)}MiB, size=2047MiB, type=L\n`;
  await execa('sfdisk', ['-q', disk], { input: table });
  await place(original, disk, { skip: 1, seek: EFI_MEBIBYTES + 1 });
  const efi = await makeEfiPartition(directory);
  await place(efi, disk, { skip: 0, seek: 1 });
  await Promise.all([original, efi].map((path) => rm(path)));
  return disk;
}

/** In mebibytes. */
async function place(from: string, to: string, { skip, seek }: { readonly skip: number; readonly seek: number }) {
  const places = [`skip=${String(skip)}`, `seek=${String(seek)}`];
  await execa('dd', [`if=${from}`, `of=${to}`, 'bs=1M', 'conv=notrunc,sparse', 'status=none', ...places]);
}

async function makeEfiPartition(directory: string): Promise<string> {
  const [partition, loader] = [join(directory, 'efi.raw'), join(directory, 'loader.efi')];
  const configuration = join(directory, 'loader.cfg');
  await writeFile(
    configuration,
    `search.fs_uuid ${guestRootUuid} root\nset prefix=($root)/boot/grub\nconfigfile ($root)/boot/grub/grub.cfg\n`,
  );
  const modules = ['part_gpt', 'fat', 'ext2', 'search_fs_uuid', 'configfile', 'normal', 'linux', 'echo', 'test'];
  const output = ['-O', 'x86_64-efi', '-o', loader, '-c', configuration, '-p', '/boot/grub'];
  await execa('grub-mkimage', [...output, ...modules]);
  await execa('truncate', ['-s', `${String(EFI_MEBIBYTES)}M`, partition]);
  await execa('mkfs.vfat', ['-n', 'EFI', partition]);
  await execa('mmd', ['-i', partition, '::/EFI', '::/EFI/BOOT']);
  await execa('mcopy', ['-i', partition, loader, '::/EFI/BOOT/BOOTX64.EFI']);
  return partition;
}
