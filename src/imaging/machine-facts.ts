import { createHash } from 'node:crypto';
import { IntegrityError } from '../domain/errors.ts';
import {
  readBlkid,
  readDmTable,
  readDumpe2fs,
  readPvSegments,
  readSfdisk,
  type Dumpe2fs,
  type Mapping,
  type PartitionTable,
  type Probe,
  type Segment,
} from './tool-outputs.ts';

/** What lies on a disk or a part of one. */
export interface Content {
  readonly probe: Probe;
  readonly ext?: Dumpe2fs;
  /** Of a file system that is not ext: SHA-256 of what changes in it when it is written to. */
  readonly headDigest?: string;
}

/** A part of a disk, or a logical volume: what may hold a file system. */
export interface Volume extends Content {
  /** `/dev/vda1`, `/dev/mapper/vg-root`. */
  readonly path: string;
  /** The kernel's number: `254:1`. */
  readonly number: string;
  /** Where it begins on its disk; 0 for a logical volume. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** `probe` is of the disk itself: a file system without a partition table, or the kind of the table. */
export interface Disk extends Content {
  readonly path: string;
  readonly number: string;
  readonly sizeBytes: number;
  readonly sectorBytes: number;
  readonly serial?: string;
  readonly table?: PartitionTable;
  /** SHA-256 of sfdisk's JSON; undefined without a table. */
  readonly tableDigest?: string;
  /** What `sfdisk --dump` printed. */
  readonly tableScript?: string;
  readonly partitions: readonly Volume[];
}

export interface LogicalVolume extends Volume {
  readonly mappings: readonly Mapping[];
}

/** What the environment has found on its machine. */
export interface MachineFacts {
  readonly disks: readonly Disk[];
  readonly logicalVolumes: readonly LogicalVolume[];
  /** What LVM's metadata says is allocated on the physical volumes that it knows, by their paths. */
  readonly segments: { readonly known: readonly string[]; readonly allocated: readonly Segment[] };
}

/**
 * Reads what the environment's `facts` prints: the outputs of its tools, each after a line `=== kind name numbers…`. IntegrityError when it is cut: it ends
 * in `=== end`.
 */
export function readFacts(text: string): MachineFacts {
  const sections = split(text);
  if (sections.at(-1)?.kind !== 'end')
    throw new IntegrityError("read the machine's facts: they are cut", { evidence: { bytes: text.length } });
  const output = (kind: string, name: string): string | undefined =>
    sections.find((section) => section.kind === kind && section.words[0] === name)?.body;
  const content = (path: string): Content => {
    const [ext, head] = [output('ext', path), output('head', path)?.split(' ')[0]];
    return {
      probe: readBlkid(output('probe', path) ?? ''),
      ...(ext === undefined ? {} : { ext: readDumpe2fs(ext) }),
      ...(head === undefined ? {} : { headDigest: head }),
    };
  };
  const volume = (path: string, number: string, [offset, sizeBytes]: readonly [number, number]): Volume => {
    return { path, number, offset, sizeBytes, ...content(path) };
  };
  const all = (kind: string): readonly Section[] => sections.filter((section) => section.kind === kind);
  return {
    segments: readPvSegments(output('segments', 'lvm') ?? ''),
    disks: all('disk').map(({ words }) => {
      const [path = '', number = '', bytes, sector, serial = ''] = words;
      const table = output('table', path)?.trim() ?? '';
      const ofDisk = all('part').filter((part) => part.words[0] === path);
      return {
        ...{ path, number, sizeBytes: Number(bytes), sectorBytes: Number(sector) },
        ...(serial === '' || serial === '-' ? {} : { serial }),
        ...content(path),
        ...(table === ''
          ? {}
          : { table: readSfdisk(table), tableDigest: digest(table), tableScript: output('dump', path) ?? '' }),
        partitions: ofDisk.map((part) => {
          const [, name = '', partNumber = '', start, size] = part.words;
          return volume(name, partNumber, [Number(start), Number(size)]);
        }),
      };
    }),
    logicalVolumes: all('mapped').map(({ words, body }) => {
      const [path = '', number = '', bytes] = words;
      return { ...volume(path, number, [0, Number(bytes)]), mappings: readDmTable(body) };
    }),
  };
}

interface Section {
  readonly kind: string;
  readonly words: readonly string[];
  readonly body: string;
}

function split(text: string): readonly Section[] {
  const parts = `\n${text}`.split('\n=== ').slice(1);
  return parts.map((part) => {
    const [heading = '', ...body] = part.split('\n');
    const [kind = '', ...words] = heading.split('\t');
    return { kind: kind.trim(), words, body: body.join('\n') };
  });
}

/** Without the name of the disk, which changes with the order in which drivers start. */
function digest(table: string): string {
  const nameless = table.replace(/"(node|device)": *"[^"]*",?/g, '').replace(/\s+/g, ' ');
  return createHash('sha256').update(nameless).digest('hex');
}
