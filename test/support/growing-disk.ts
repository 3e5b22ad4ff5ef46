import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { btrfsBytes, makeBtrfs, makeNtfs, ntfsBytes, readBtrfs, readMarkedNtfs } from './file-systems-in-files.ts';

/** File systems that grow, and how each is made and looked at. */
const kinds = {
  btrfs: { type: 'L', make: makeBtrfs, read: readBtrfs, bytes: btrfsBytes },
  ntfs: { type: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7', make: makeNtfs, read: readMarkedNtfs, bytes: ntfsBytes },
} as const;

export type GrowingKind = keyof typeof kinds;

/** A raw disk (GPT) whose only partition holds this file system, with a file `kept`. Nothing is mounted. */
export async function makeGrowingDisk(directory: string, kind: GrowingKind, mebibytes: number): Promise<string> {
  const [disk, file, root] = ['raw', 'part', 'root'].map((end) => join(directory, `${kind}.${end}`)) as [
    string,
    string,
    string,
  ];
  await mkdir(root);
  await writeFile(join(root, 'kept'), keptOn(kind));
  await execa('truncate', ['-s', `${String(mebibytes)}M`, disk]);
  await execa('truncate', ['-s', `${String(mebibytes - 2)}M`, file]);
  const partition = `start=1MiB, size=${String(mebibytes - 2)}MiB, type=${kinds[kind].type}`;
  await execa('sfdisk', ['-q', disk], { input: `label: gpt\n${partition}\n` });
  await kinds[kind].make(file, root);
  await execa('dd', [`if=${file}`, `of=${disk}`, 'bs=1M', 'seek=1', 'conv=notrunc,sparse', 'status=none']);
  return disk;
}

export const keptOn = (kind: GrowingKind): string => `kept on ${kind}\n`;

/** What a partition with this file system holds, and how large the file system is. Rejects when its program finds damage. */
export async function readGrown(
  directory: string,
  kind: GrowingKind,
  partition: string,
): Promise<{ readonly kept: string; readonly sizeBytes: number }> {
  const { read, bytes } = kinds[kind];
  return { kept: await read(partition, directory), sizeBytes: await bytes(partition) };
}
