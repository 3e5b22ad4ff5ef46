import { z } from 'zod';
import { IntegrityError } from '../domain/errors.ts';
import type { Extent } from './extents.ts';

/** What `blkid -p -o export` says of a device; empty where it recognises nothing. */
export interface Probe {
  readonly type?: string;
  readonly uuid?: string;
  readonly label?: string;
}

export function readBlkid(output: string): Probe {
  const values = new Map(output.split('\n').map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]));
  const [type, uuid, label] = [values.get('TYPE'), values.get('UUID'), values.get('LABEL')];
  return {
    ...(type === undefined ? {} : { type }),
    ...(uuid === undefined ? {} : { uuid }),
    ...(label === undefined ? {} : { label }),
  };
}

const table = z.object({
  partitiontable: z.object({
    label: z.string(),
    id: z.string().optional(),
    partitions: z
      .array(z.object({ node: z.string(), start: z.number(), size: z.number(), type: z.string() }))
      .default([]),
  }),
});

/** What `sfdisk -J` says; starts and sizes in sectors. */
export type PartitionTable = z.infer<typeof table>['partitiontable'];

export function readSfdisk(output: string): PartitionTable {
  try {
    return table.parse(JSON.parse(output)).partitiontable;
  } catch (cause) {
    throw new IntegrityError('read the partition table that sfdisk printed', { cause });
  }
}

/** What `dumpe2fs -h` says of use: it changes when the file system is mounted. */
export interface Dumpe2fs {
  readonly state?: string;
  readonly mountCount?: number;
  readonly lastMounted?: string;
  readonly lastWritten?: string;
  /** Its journal holds what is not in its place yet: the map of used blocks does not know of that. */
  readonly needsRecovery?: true;
}

export function readDumpe2fs(output: string): Dumpe2fs {
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]+(.+)$`, 'm').exec(output)?.[1]?.trim();
  const [state, count] = [value('Filesystem state'), value('Mount count')];
  const [lastMounted, lastWritten] = [value('Last mount time'), value('Last write time')];
  return {
    ...(state === undefined ? {} : { state }),
    ...(count === undefined ? {} : { mountCount: Number(count) }),
    ...(lastMounted === undefined ? {} : { lastMounted }),
    ...(lastWritten === undefined ? {} : { lastWritten }),
    ...(value('Filesystem features')?.split(' ').includes('needs_recovery') === true ? { needsRecovery: true } : {}),
  };
}

/** A piece of a logical volume: where it lies on what carries it, in bytes. `on` is the kernel's number of that device. */
export interface Mapping {
  readonly kind: string;
  readonly from: number;
  readonly length: number;
  readonly on?: string;
  readonly offset?: number;
}

/** What `dmsetup table` says of one device: `0 409600 linear 254:2 2048`, a line a piece, in sectors of 512 bytes. */
export function readDmTable(output: string): readonly Mapping[] {
  const lines = output.split('\n').filter((line) => /^\d+ \d+ \S/.test(line));
  return lines.map((line) => {
    const [from, length, kind = '', on, offset] = line.split(' ');
    const piece = { kind, from: Number(from) * 512, length: Number(length) * 512 };
    return kind === 'linear' && on !== undefined ? { ...piece, on, offset: Number(offset) * 512 } : piece;
  });
}

/** A stretch of a physical volume that LVM has given to some volume, in bytes of the physical volume. */
export interface Segment {
  /** `/dev/vda2`: the physical volume. */
  readonly on: string;
  readonly extent: Extent;
}

/**
 * What `pvs --segments` says is allocated, whether or not the volume is active: a line a segment, `/dev/vda2|1048576|4194304|0|25|linear`; what is free
 * has the type `free`. Where LVM told nothing of a physical volume there is nothing of it here; `known` names those that it told of.
 */
export function readPvSegments(output: string): {
  readonly known: readonly string[];
  readonly allocated: readonly Segment[];
} {
  const lines = output.split('\n').map((line) => line.trim().split('|'));
  const rows = lines.filter(([path, ...numbers]) => path?.startsWith('/') && numbers.length === 5);
  const allocated = rows
    .filter((row) => row[5] !== 'free')
    .map(([on = '', first, extent, start, count]): Segment => {
      const bytes = Number(extent);
      return { on, extent: [Number(first) + Number(start) * bytes, Number(count) * bytes] };
    });
  return { known: [...new Set(rows.map(([path = '']) => path))], allocated };
}

/** The used extents of partclone's domain map (`-D`); IntegrityError when the map does not reach to its end. */
export function readDomainMap(output: string): readonly Extent[] {
  const size = /^0x([0-9A-Fa-f]+)\s+\?\s*$/m.exec(output)?.[1];
  const rows = [...output.matchAll(/^0x([0-9A-Fa-f]+)\s+0x([0-9A-Fa-f]+)\s+([+?])\s*$/gm)];
  const extents = rows.map(([, at = '', length = '', mark]) => ({ extent: [hex(at), hex(length)] as const, mark }));
  const end = extents.at(-1)?.extent.reduce((sum, part) => sum + part, 0);
  if (size === undefined || end !== hex(size))
    throw new IntegrityError("read partclone's map of used blocks: it is cut", { evidence: { size, end } });
  return extents.filter(({ mark }) => mark === '+').map(({ extent }) => extent);
}

function hex(digits: string): number {
  return Number.parseInt(digits, 16);
}
