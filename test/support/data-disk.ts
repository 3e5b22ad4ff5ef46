import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { makeBtrfs, makeNtfs, readBtrfs, readNtfs, readOutput } from './file-systems-in-files.ts';

/** Partitions of the disk of `makeDataDisk`, in mebibytes. */
const layout = {
  lvm: { start: 1, size: 128, type: 'E6D6D379-F507-44C2-A23C-238F2A3DF928' },
  btrfs: { start: 129, size: 128, type: 'L' },
  ntfs: { start: 257, size: 32, type: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7' },
  swap: { start: 289, size: 32, type: 'S' },
  xfs: { start: 321, size: 320, type: 'L' },
} as const;

type Part = keyof typeof layout;

const parts = Object.keys(layout) as readonly Part[];

/** Of the swap space. */
const swapUuid = '0b4d9c5e-6a3f-4b0e-8f2a-9a1f3c5d7e90';

/** The logical volume `files` of the group `data` begins after the first mebibyte of its partition, as `pvs -o pe_start` says. */
const volumeOffset = 1;
const volumeMebibytes = 96;
const content = (part: Part): string => (part === 'swap' ? swapUuid : `kept on ${part}\n`);

/** A raw disk (GPT) with a logical volume (ext4), btrfs, NTFS and xfs, each with a file `kept`, and with swap space. Nothing is mounted or activated. */
export async function makeDataDisk(directory: string): Promise<string> {
  const disk = join(directory, 'data.raw');
  await execa('truncate', ['-s', '642M', disk]);
  const lines = Object.values(layout).map(
    ({ start, size, type }) => `start=${String(start)}MiB, size=${String(size)}MiB, type=${type}`,
  );
  await execa('sfdisk', ['-q', disk], { input: `label: gpt\n${lines.join('\n')}\n` });
  for (const part of parts) {
    const file = join(directory, `${part}.part`);
    await execa('truncate', ['-s', `${String(layout[part].size)}M`, file]);
    await makers[part](file, await contentOf(directory, part));
    await move(file, disk, { seek: layout[part].start });
    await rm(file);
  }
  return disk;
}

/** What the file `kept` says in each of them, and the UUID of the swap space, read from a raw disk without mounting anything. Programs that find damage reject. */
export async function readDataDisk(directory: string, disk: string): Promise<Readonly<Record<Part, string>>> {
  const found: Partial<Record<Part, string>> = {};
  for (const part of parts) {
    const file = join(directory, `${part}.read`);
    const places = [`skip=${String(layout[part].start)}`, `count=${String(await mebibytesOf(disk, part))}`];
    await execa('dd', [`if=${disk}`, `of=${file}`, 'bs=1M', 'conv=sparse', 'status=none', ...places]);
    found[part] = await readers[part](file, directory);
    await rm(file);
  }
  return found as Record<Part, string>;
}

export const keptOnDataDisk = Object.fromEntries(parts.map((part) => [part, content(part)]));

async function mebibytesOf(disk: string, part: Part): Promise<number> {
  if (part !== 'xfs') return layout[part].size;
  const { stdout } = await execa('sfdisk', ['-J', disk]);
  const { partitiontable } = JSON.parse(stdout) as { partitiontable: { partitions: { size: number }[] } };
  // It ends before the disk's own copy of the table, in the middle of a mebibyte.
  return Math.ceil((partitiontable.partitions[parts.indexOf('xfs')]?.size ?? 0) / 2_048);
}

/** How large the file system of the last partition is, in bytes. */
export async function xfsBytes(directory: string, disk: string): Promise<number> {
  const file = join(directory, 'xfs.size');
  await execa('dd', [`if=${disk}`, `of=${file}`, 'bs=1M', `skip=${String(layout.xfs.start)}`, 'count=1']);
  const { stdout } = await execa('xfs_db', ['-r', '-c', 'sb 0', '-c', 'p dblocks blocksize', file], { reject: false });
  const [blocks = 0, size = 0] = [...stdout.matchAll(/ = (\d+)/g)].map(([, number]) => Number(number));
  return blocks * size;
}

async function contentOf(directory: string, part: Part): Promise<string> {
  const root = join(directory, `${part}.root`);
  await mkdir(root);
  await writeFile(join(root, 'kept'), content(part));
  return root;
}

async function move(from: string, to: string, { seek }: { readonly seek: number }): Promise<void> {
  await execa('dd', [`if=${from}`, `of=${to}`, 'bs=1M', 'conv=notrunc,sparse', 'status=none', `seek=${String(seek)}`]);
}

const makers: Readonly<Record<Part, (file: string, root: string) => Promise<void>>> = {
  lvm: async (file, root) => {
    const volume = `${file}.volume`;
    await execa('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', root, volume, `${String(volumeMebibytes)}m`]);
    await makeVolumeGroup(file);
    await move(volume, file, { seek: volumeOffset });
    await rm(volume);
  },
  btrfs: makeBtrfs,
  ntfs: makeNtfs,
  swap: async (file) => {
    await execa('mkswap', ['-q', '-U', swapUuid, '-L', 'swapspace', file]);
  },
  xfs: async (file, root) => {
    const prototype = `${file}.proto`;
    await writeFile(prototype, `/\n0 0\nd--755 0 0\nkept ---644 0 0 ${join(root, 'kept')}\n$\n`);
    await execa('mkfs.xfs', ['-q', '-p', prototype, file]);
    await rm(prototype);
  },
};

/** LVM writes what describes its volumes also where no kernel can activate them. */
async function makeVolumeGroup(file: string): Promise<void> {
  const device = (await execa('losetup', ['--find', '--show', file])).stdout.trim();
  const only = `devices { use_devicesfile=0 filter=["a|^${device}$|","r|.*|"] }`;
  const lvm = async (command: string, ...args: string[]): Promise<void> => {
    await execa('lvm', [command, '--driverloaded', 'n', '--config', only, ...args]);
  };
  try {
    await lvm('pvcreate', '-q', device);
    await lvm('vgcreate', 'data', device);
    await lvm('lvcreate', '-an', '-Zn', '-Wn', '-n', 'files', '-L', `${String(volumeMebibytes)}m`, 'data');
  } finally {
    await execa('losetup', ['-d', device]);
  }
}

const readers: Readonly<Record<Part, (file: string, directory: string) => Promise<string>>> = {
  lvm: async (file) => {
    const at = `${file}?offset=${String(volumeOffset * 1024 ** 2)}`;
    await execa('e2fsck', ['-fn', at]);
    return await readOutput('debugfs', ['-R', 'cat /kept', at]);
  },
  btrfs: readBtrfs,
  ntfs: readNtfs,
  swap: async (file) => (await readOutput('blkid', ['-p', '-o', 'value', '-s', 'UUID', file])).trim(),
  xfs: async (file) => {
    await execa('xfs_repair', ['-n', '-f', file]);
    return await readFromXfs(file);
  },
};

/** A short file's content lies in its first block, which is printed as lines of an offset, sixteen bytes and what they would be as text. */
async function readFromXfs(file: string): Promise<string> {
  const commands = ['-c', 'path /kept', '-c', 'dblock 0', '-c', 'type text', '-c', 'print'];
  const { stdout } = await execa('xfs_db', ['-r', '-f', ...commands, file]);
  const bytes = stdout.split('\n').flatMap((line) => line.slice(5, 53).trim().split(' '));
  const text = Buffer.from(bytes.join(''), 'hex').toString('latin1');
  return text.slice(0, text.indexOf('\0'));
}
