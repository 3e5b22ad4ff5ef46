import type { ChunkLayout } from '../library/chunks/layout.ts';
import { volumesOf } from './capture-plan.ts';
import type { ChunkPlan } from './extents.ts';
import type { Disk, LogicalVolume, MachineFacts, Volume } from './machine-facts.ts';

/** What a captured disk is: the same for the same disk, however often its capture is begun. `mapped`: the paths whose used blocks are known. */
export function layoutOfDisk(
  disk: Disk,
  facts: MachineFacts,
  { chunks, mapped }: { readonly chunks: readonly ChunkPlan[]; readonly mapped: ReadonlySet<string> },
): ChunkLayout {
  const kind = disk.table?.label;
  return {
    schema: 1,
    disk: {
      name: nameOf(disk.path),
      sizeBytes: disk.sizeBytes,
      sectorBytes: disk.sectorBytes,
      ...(disk.serial === undefined ? {} : { serial: disk.serial }),
    },
    table: { kind: kind === 'gpt' || kind === 'dos' ? kind : 'none', script: disk.tableScript ?? '' },
    contents: volumesOf(disk).flatMap((volume) => [
      describe(volume, { name: nameOf(volume.path), offset: volume.offset, mapped }),
      ...inOnePiece(volume, facts).map(({ logical, offset }) =>
        describe(logical, { name: logicalName(logical.path), offset, mapped }),
      ),
    ]),
    chunks: chunks.map(({ offset, length }) => [offset, length]),
  };
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

/** A logical volume in several pieces has no one place on a disk; what holds it is described as a whole. */
function inOnePiece(
  volume: Volume,
  facts: MachineFacts,
): readonly { readonly logical: LogicalVolume; readonly offset: number }[] {
  return facts.logicalVolumes.flatMap((logical) => {
    const [piece, ...others] = logical.mappings;
    if (piece === undefined || others.length > 0 || piece.on !== volume.number || piece.offset === undefined) return [];
    return [{ logical, offset: volume.offset + piece.offset }];
  });
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
