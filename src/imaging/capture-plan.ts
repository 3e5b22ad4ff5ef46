import { gapsBetween, mergeExtents, type Extent } from './extents.ts';
import type { Disk, LogicalVolume, MachineFacts, Volume } from './machine-facts.ts';
import type { PartitionTable } from './tool-outputs.ts';
import { idOfVolume } from './volume-id.ts';

/** Which program of partclone knows the used blocks of a file system. */
const MAPPERS: Readonly<Record<string, string>> = {
  ext2: 'extfs',
  ext3: 'extfs',
  ext4: 'extfs',
  xfs: 'xfs',
  btrfs: 'btrfs',
  ntfs: 'ntfs',
  vfat: 'fat',
  exfat: 'exfat',
};

/** A file system whose used blocks the environment is to find out. */
export interface MapTask {
  /** Of its place, the same after a reset: `disk 0 at 1048576`. */
  readonly id: string;
  /** `/dev/vda1`. */
  readonly path: string;
  /** `partclone.<mapper>`. */
  readonly mapper: string;
}

/** All that must be mapped before a disk can be cut into chunks; `index` is its position in the order. */
export function mapTasks(disk: Disk, index: number, facts: MachineFacts): readonly MapTask[] {
  const volumes = [...volumesOf(disk), ...logicalVolumesOn(disk, facts)];
  return volumes.flatMap((volume) => {
    const mapper = mapperOf(volume, facts);
    return mapper === undefined ? [] : [{ id: idOfVolume(volume, index), path: volume.path, mapper }];
  });
}

/** The used extents of a volume, from its own beginning; undefined when its map could not be made. */
export type MapOf = (path: string) => readonly Extent[] | undefined;

export interface UsedBlocks {
  readonly used: readonly Extent[];
  /** What is read whole, or left out, and why. */
  readonly notes: readonly string[];
}

/** Everything of a disk that an image needs: gaps with boot code and tables, used blocks, and whole volumes of which nothing better is known. */
export function usedBlocks(disk: Disk, facts: MachineFacts, mapOf: MapOf): UsedBlocks {
  const parts = [
    ...volumesOf(disk).map((volume) => usedOf(volume, { disk, facts, mapOf })),
    ...unseenPartitions(disk).map(usedOfUnseen),
  ];
  return {
    used: mergeExtents([...betweenPartitions(disk), ...parts.flatMap(({ used }) => used)]),
    notes: parts.flatMap(({ notes }) => notes),
  };
}

/** What the partition table has and the kernel does not show as such: it would pass for a gap. An extended partition is shown by its first sectors only. */
function unseenPartitions({ table, partitions, sectorBytes }: Disk): readonly PartitionTable['partitions'][number][] {
  const unseen = ({ start, size, type }: PartitionTable['partitions'][number]): boolean => {
    const shown = partitions.find(({ offset }) => offset === start * sectorBytes);
    if (shown === undefined) return true;
    return !isExtended(type) && shown.sizeBytes !== size * sectorBytes;
  };
  return (table?.partitions ?? []).filter(unseen).map((partition) => ({
    ...partition,
    start: partition.start * sectorBytes,
    size: partition.size * sectorBytes,
  }));
}

function usedOfUnseen({ node, start, size }: PartitionTable['partitions'][number]): UsedBlocks {
  return { used: [[start, size]], notes: [`${node} (not shown by the kernel) is read whole`] };
}

function isExtended(type: string): boolean {
  return /^(5|f|85)$/.test(type);
}

/** A gap up to this size is read whole: 1 MiB before the first partition, boot sectors of logical partitions. Of a larger one its first and last bytes. */
const GAP_BYTES = 1024 ** 2;

function betweenPartitions(disk: Disk): readonly Extent[] {
  if (volumesOf(disk).some(({ path }) => path === disk.path)) return [];
  const taken = volumesOf(disk).map(({ offset, sizeBytes }): Extent => [offset, sizeBytes]);
  const unseen = unseenPartitions(disk).map(({ start, size }): Extent => [start, size]);
  return gapsBetween(mergeExtents([...taken, ...unseen]), [0, disk.sizeBytes]).flatMap(
    ([offset, length]): readonly Extent[] => {
      if (length <= 2 * GAP_BYTES) return [[offset, length]];
      return [
        [offset, GAP_BYTES],
        [offset + length - GAP_BYTES, GAP_BYTES],
      ];
    },
  );
}

/** Partitions that hold something themselves: an extended partition only holds others. A disk without partitions is a volume itself. */
export function volumesOf(disk: Disk): readonly Volume[] {
  const extended = new Set(
    (disk.table?.partitions ?? []).filter(({ type }) => isExtended(type)).map(({ start }) => start * disk.sectorBytes),
  );
  const partitions = disk.partitions.filter(({ offset }) => disk.table?.label !== 'dos' || !extended.has(offset));
  if (disk.table !== undefined) return partitions;
  return [{ ...disk, offset: 0 }];
}

interface Known {
  readonly disk: Disk;
  readonly facts: MachineFacts;
  readonly mapOf: MapOf;
}

function usedOf(volume: Volume, known: Known): UsedBlocks {
  if (volume.probe.type === 'swap') return { used: [], notes: [] };
  if (volume.probe.type === 'LVM2_member') return usedOfPhysicalVolume(volume, known);
  const map = known.mapOf(volume.path);
  if (map !== undefined) return { used: shift(withBootCopy(volume, map), volume.offset), notes: [] };
  const what = volume.probe.type ?? 'unknown content';
  return { used: [[volume.offset, volume.sizeBytes]], notes: [`${volume.path} (${what}) is read whole`] };
}

/** As much as the largest sector. */
const BOOT_COPY_BYTES = 4096;

/** NTFS keeps a copy of its boot sector in the last sector of what it lies on, behind everything of which its map tells. */
function withBootCopy({ probe, sizeBytes }: Volume | LogicalVolume, map: readonly Extent[]): readonly Extent[] {
  if (probe.type !== 'ntfs') return map;
  return mergeExtents([...map, [sizeBytes - BOOT_COPY_BYTES, BOOT_COPY_BYTES]]);
}

/** Of a physical volume: its metadata, and the used blocks of the logical volumes that lie on it in plain pieces. */
function usedOfPhysicalVolume(volume: Volume, { facts, mapOf }: Known): UsedBlocks {
  const on = facts.logicalVolumes.filter(({ mappings }) => mappings.some((piece) => piece.on === volume.number));
  const pieces = on.flatMap(({ mappings }) => mappings.filter((piece) => piece.on === volume.number));
  const taken = pieces.map(({ offset = 0, length }): Extent => [offset, length]);
  const why = whyWhole(volume, facts, taken);
  if (why !== undefined)
    return { used: [[volume.offset, volume.sizeBytes]], notes: [`${volume.path} (LVM, ${why}) is read whole`] };
  const gaps = gapsBetween(taken, [0, volume.sizeBytes]);
  // Metadata lies before the first piece, and may lie at the end too; free extents between pieces hold nothing.
  const metadata = gaps.flatMap(([offset, length]): readonly Extent[] => {
    if (offset === 0) return [[0, length]];
    return offset + length === volume.sizeBytes
      ? [[offset + Math.max(0, length - GAP_BYTES), Math.min(length, GAP_BYTES)]]
      : [];
  });
  const parts = on.map((logical) => usedOfLogicalVolume(logical, volume, mapOf(logical.path)));
  const used = shift([...metadata, ...parts.flatMap((part) => part.used)], volume.offset);
  return { used, notes: parts.flatMap(({ notes }) => notes) };
}

/** Only what is seen through active plain volumes is known; what LVM has allocated beside them must not pass for free. */
function whyWhole(
  volume: Volume,
  { logicalVolumes, segments }: MachineFacts,
  taken: readonly Extent[],
): string | undefined {
  if (taken.length === 0) return 'no active logical volumes';
  if (!logicalVolumes.every(({ mappings }) => mappings.every(({ kind }) => kind === 'linear')))
    return 'volumes that are not plain';
  if (!segments.known.includes(volume.path)) return 'its metadata could not be read';
  const allocated = segments.allocated.filter(({ on }) => on === volume.path).map(({ extent }) => extent);
  const seen = mergeExtents(taken);
  const isSeen = ([offset, length]: Extent): boolean =>
    seen.some(([from, bytes]) => from <= offset && offset + length <= from + bytes);
  return allocated.every(isSeen) ? undefined : 'volumes that are not active';
}

/** From the logical volume's own offsets to those of the physical volume. */
function usedOfLogicalVolume(logical: LogicalVolume, on: Volume, map: readonly Extent[] | undefined): UsedBlocks {
  const swapHeader: readonly Extent[] = [[0, 4096]];
  const content = map === undefined ? [[0, logical.sizeBytes] as const] : withBootCopy(logical, map);
  const own = logical.probe.type === 'swap' ? swapHeader : content;
  const used = logical.mappings
    .filter((piece) => piece.on === on.number)
    .flatMap(({ from, length, offset = 0 }) =>
      own.flatMap(([at, bytes]): readonly Extent[] => {
        const [first, end] = [Math.max(at, from), Math.min(at + bytes, from + length)];
        return first < end ? [[first - from + offset, end - first]] : [];
      }),
    );
  const isWhole = map === undefined && logical.probe.type !== 'swap';
  return { used, notes: isWhole ? [`${logical.path} (${logical.probe.type ?? 'unknown content'}) is read whole`] : [] };
}

function logicalVolumesOn(disk: Disk, facts: MachineFacts): readonly LogicalVolume[] {
  const numbers = volumesOf(disk).map(({ number }) => number);
  return facts.logicalVolumes.filter(({ mappings }) =>
    mappings.some(({ on }) => on !== undefined && numbers.includes(on)),
  );
}

/**
 * A btrfs of several devices can be read only whole: the map of one device says nothing of the others. So can an ext file system whose journal is to
 * be replayed.
 */
function mapperOf(volume: Volume, facts: MachineFacts): string | undefined {
  const { type, uuid } = volume.probe;
  const volumes = [...facts.disks.flatMap(volumesOf), ...facts.logicalVolumes];
  if (type === 'btrfs' && volumes.filter(({ probe }) => probe.uuid === uuid).length > 1) return undefined;
  if (volume.ext?.needsRecovery === true) return undefined;
  return type === undefined ? undefined : MAPPERS[type];
}

function shift(extents: readonly Extent[], by: number): readonly Extent[] {
  return extents.map(([offset, length]) => [offset + by, length] as const);
}
