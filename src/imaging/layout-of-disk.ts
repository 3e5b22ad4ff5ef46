import type { ChunkLayout } from '../library/chunks/layout.ts';
import { volumesOf } from './capture-plan.ts';
import type { ChunkPlan } from './extents.ts';
import type { Disk, LogicalVolume, MachineFacts, Volume } from './machine-facts.ts';
import { nameInOrder } from './volume-id.ts';

/** What is captured of a disk. */
interface Captured {
  /** The order's name of the disk. The kernel's may be another after a reset, and stands nowhere in the layout. */
  readonly name: string;
  readonly chunks: readonly ChunkPlan[];
  /** The paths whose used blocks are known. */
  readonly mapped: ReadonlySet<string>;
}

/** What a captured disk is: the same for the same disk, however often its capture is begun. */
export function layoutOfDisk(disk: Disk, facts: MachineFacts, { name, chunks, mapped }: Captured): ChunkLayout {
  const kind = disk.table?.label;
  const named = (path: string): string => nameInOrder(disk, name, path);
  return {
    schema: 1,
    disk: {
      name,
      sizeBytes: disk.sizeBytes,
      sectorBytes: disk.sectorBytes,
      ...(disk.serial === undefined ? {} : { serial: disk.serial }),
    },
    table: { kind: kind === 'gpt' || kind === 'dos' ? kind : 'none', script: scriptUnder(disk, named) },
    contents: volumesOf(disk).flatMap((volume) => [
      describe(volume, { name: nameOf(named(volume.path)), offset: volume.offset, mapped }),
      ...inOnePiece(volume, facts).map(({ logical, offset }) =>
        describe(logical, { name: logicalName(logical.path), offset, mapped }),
      ),
    ]),
    chunks: chunks.map(({ offset, length }) => [offset, length]),
  };
}

/** sfdisk's script names the disk in its third line, and each partition at the beginning of its own. */
function scriptUnder({ path, tableScript = '' }: Disk, named: (path: string) => string): string {
  return tableScript.replace(/^(device: )?(\/dev\/\S+)/gm, (line, device: string | undefined, of: string) =>
    of.startsWith(path) ? `${device ?? ''}${named(of)}` : line,
  );
}

interface Placed {
  readonly name: string;
  readonly offset: number;
  readonly mapped: ReadonlySet<string>;
}

function describe(volume: Volume, { name, offset, mapped }: Placed): ChunkLayout['contents'][number] {
  const { type = 'unknown', uuid, label } = volume.probe;
  const isUsedOnly = mapped.has(volume.path) || type === 'LVM2_member';
  return {
    ...{ name, offset, length: volume.sizeBytes, type },
    copied: type === 'swap' ? 'none' : isUsedOnly ? 'used' : 'all',
    ...(uuid === undefined ? {} : { uuid }),
    ...(label === undefined ? {} : { label }),
  };
}

/** In the order of their places: that of the kernel is another after a reset. A volume in several pieces has no one place on a disk; what holds it is described as a whole. */
function inOnePiece(
  volume: Volume,
  facts: MachineFacts,
): readonly { readonly logical: LogicalVolume; readonly offset: number }[] {
  const found = facts.logicalVolumes.flatMap((logical) => {
    const [piece, ...others] = logical.mappings;
    if (piece === undefined || others.length > 0 || piece.on !== volume.number || piece.offset === undefined) return [];
    return [{ logical, offset: volume.offset + piece.offset }];
  });
  return found.toSorted((a, b) => a.offset - b.offset);
}

function nameOf(path: string): string {
  return path.replace(/^\/dev\//, '');
}

/** `/dev/mapper/vg0-my--root` is `vg0/my-root`: device mapper doubles the hyphens of names. */
function logicalName(path: string): string {
  const [group = '', volume = ''] = nameOf(path)
    .replace(/^mapper\//, '')
    .split(/(?<!-)-(?!-)/);
  return `${group}/${volume}`.replaceAll('--', '-');
}
