import type { Disk, Volume } from './machine-facts.ts';

/**
 * Names a volume by its place: after a reset the kernel may name the same disk in another way. `disk 0 at 1048576` by its disk's position in the order and its offset;
 * a logical volume has its name on the disk.
 */
export function idOfVolume({ path, offset }: Volume, index: number): string {
  const logical = /^\/dev\/mapper\/(.+)$/.exec(path)?.[1];
  return logical === undefined ? `disk ${String(index)} at ${String(offset)}` : `volume ${logical}`;
}

/** The same of a whole disk. */
export function idOfDisk(index: number): string {
  return `disk ${String(index)}`;
}

/** `1` of `/dev/sda1` and of `/dev/nvme0n1p1`; empty for the disk itself. */
export function partitionNumber({ path: disk }: Pick<Disk, 'path'>, path: string): string {
  return path.slice(disk.length).replace(/^p/, '');
}

/** The disk under the name of its order: `/dev/sdb1` is `/dev/sda1` where the order calls it `sda`. */
export function nameInOrder(disk: Pick<Disk, 'path'>, name: string, path: string): string {
  const number = partitionNumber(disk, path);
  return `/dev/${name}${number !== '' && /\d$/.test(name) ? 'p' : ''}${number}`;
}
