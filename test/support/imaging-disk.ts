import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MiB = 1024 ** 2;

/** UUID of the swap space on every disk of `makeImagingDisk`. */
export const swapUuid = '0b4d9c5e-6a3f-4b0e-8f2a-9a1f3c5d7e90';

/** What lies on the disk of `makeImagingDisk`, in sectors of 512 bytes. */
export const parts = { efi: 2_048, swap: 67_584, root: 133_120 } as const;

export interface DiskSizes {
  readonly mebibytes: number;
  readonly payloadMebibytes: number;
  /** As sfdisk takes it: `U` is an EFI system partition. A kernel without vfat can put no loader on one. */
  readonly vfatType: string;
}

/** A partition for data, as Windows makes them. */
export const basicData = 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7';

/**
 * A raw disk (GPT) of `mebibytes` with a vfat EFI partition of 32 MiB, 32 MiB of swap, and ext4 in the rest, which holds `payloadMebibytes` of data that do
 * not compress. Nothing is mounted.
 */
export function makeImagingDisk(directory: string, sizes: DiskSizes): string {
  const disk = join(directory, 'source.raw');
  writeFileSync(disk, '');
  truncateSync(disk, sizes.mebibytes * MiB);
  const table = [
    ...[
      'label: gpt',
      `start=${parts.efi}, size=65536, type=${sizes.vfatType}`,
      `start=${parts.swap}, size=65536, type=S`,
    ],
    `start=${parts.root}, type=L`,
  ];
  execFileSync('sfdisk', ['-q', disk], { input: `${table.join('\n')}\n` });
  place(directory, { disk, at: parts.efi, make: (file) => ['mkfs.vfat', ['-n', 'EFI', file]] });
  place(directory, {
    disk,
    at: parts.swap,
    make: (file) => ['mkswap', ['-q', '-U', swapUuid, '-L', 'swapspace', file]],
  });
  makeRoot(directory, disk, sizes);
  return disk;
}

interface Placed {
  readonly disk: string;
  /** In sectors. */
  readonly at: number;
  readonly make: (file: string) => readonly [string, readonly string[]];
}

/** The programs make whole files only; 32 MiB of it are put where the partition is. */
function place(directory: string, { disk, at, make }: Placed): void {
  const file = join(directory, 'partition');
  writeFileSync(file, '', { mode: 0o600 });
  truncateSync(file, 0);
  truncateSync(file, 32 * MiB);
  const [command, args] = make(file);
  execFileSync(command, args, { stdio: 'ignore' });
  execFileSync('dd', [`if=${file}`, `of=${disk}`, 'bs=1M', `seek=${at / 2_048}`, 'conv=notrunc', 'status=none']);
}

function makeRoot(directory: string, disk: string, sizes: DiskSizes): void {
  const root = join(directory, 'root');
  mkdirSync(join(root, 'etc/ssh'), { recursive: true });
  writeFileSync(join(root, 'etc/os-release'), 'ID=debian\n');
  execFileSync('dd', [
    'if=/dev/urandom',
    `of=${join(root, 'payload')}`,
    'bs=1M',
    `count=${sizes.payloadMebibytes}`,
    'status=none',
  ]);
  for (let index = 0; index < 200; index++) writeFileSync(join(root, `small-${index}`), `file ${index}\n`);
  const kibibytes = (sizes.mebibytes * MiB) / 1024 - parts.root / 2 - 1_024;
  const options = ['-J', 'size=4', '-N', '1024', '-E', `offset=${parts.root * 512}`, '-d', root, disk, `${kibibytes}k`];
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', ...options]);
}
