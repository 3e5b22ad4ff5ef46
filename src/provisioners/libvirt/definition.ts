import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import { IntegrityError } from '../../domain/errors.ts';
import type { FileFormat } from '../../remote/qemu-img.ts';

/** A disk as a domain's definition names it. */
export interface DefinedDisk {
  /** `vda` */
  readonly name: string;
  readonly bus: string;
  /** Absent when the source is no file (a volume, a block device, nothing). */
  readonly path?: string;
  /** `type` of its driver: the only place that a format is taken from. */
  readonly format: string;
}

/** What is read from a domain's definition. */
export interface Definition {
  readonly name: string;
  readonly uuid: string;
  /** Disks in their order; no CD-ROM, no floppy. */
  readonly disks: readonly DefinedDisk[];
  /** File that the first serial console is written to. */
  readonly consoleLog?: string;
  /** What a load of ours left in the metadata. */
  readonly load?: { readonly revision: string; readonly revisionId: number; readonly run: string };
  /** As parsed, attributes with the prefix `@`. */
  readonly xml: XmlElement;
}

/** An element: attributes by `@name`, text by `#text`, children by name. */
export type XmlElement = { readonly [key: string]: unknown };

/** Elements that may occur more than once where we look. */
const repeated = new Set([
  'disk',
  'interface',
  'controller',
  'serial',
  'console',
  'video',
  'loader',
  'timer',
  'feature',
]);

const element = z.looseObject({});
const diskSchema = z.looseObject({
  '@device': z.string().default('disk'),
  driver: z.looseObject({ '@type': z.string() }).optional(),
  source: z.looseObject({ '@file': z.string().optional() }).optional(),
  target: z.looseObject({ '@dev': z.string(), '@bus': z.string().default('virtio') }),
});
const serialSchema = z.looseObject({
  log: z.looseObject({ '@file': z.string() }).optional(),
  /** Of `type='file'`. */
  source: z.looseObject({ '@path': z.string().optional() }).optional(),
});
const loadSchema = z.looseObject({
  '@revision': z.string(),
  '@revisionId': z.coerce.number().int(),
  '@run': z.string(),
});
const domainSchema = z.looseObject({
  name: z.string(),
  uuid: z.string(),
  metadata: z.union([z.literal(''), z.looseObject({ 'imprint:load': loadSchema.optional() })]).optional(),
  devices: z.looseObject({
    disk: z.array(diskSchema).default([]),
    serial: z.array(z.union([serialSchema, z.string()])).default([]),
  }),
});

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  isArray: (name) => repeated.has(name),
});

/** Reads the XML of `virsh dumpxml --inactive`; IntegrityError when it is no domain. */
export function parseDefinition(text: string): Definition {
  const root = element.parse(parser.parse(text));
  const domain = domainSchema.safeParse(root['domain']);
  if (!domain.success) throw new IntegrityError('read a domain definition: it is not one', { cause: domain.error });
  const { name, uuid, metadata, devices } = domain.data;
  const log = devices.serial.flatMap(consoleFiles)[0];
  const load = typeof metadata === 'object' ? metadata['imprint:load'] : undefined;
  return {
    name,
    uuid,
    disks: devices.disk.filter((disk) => disk['@device'] === 'disk').map(definedDisk),
    ...(log === undefined ? {} : { consoleLog: log }),
    ...(load === undefined
      ? {}
      : { load: { revision: load['@revision'], revisionId: load['@revisionId'], run: load['@run'] } }),
    xml: element.parse(root['domain']),
  };
}

/** A disk that can be copied: a file of a format that we read. */
export type FileDisk = DefinedDisk & { readonly path: string; readonly format: FileFormat };

/** Whether the disk is a file, qcow2 or raw. */
export function isFileDisk(disk: DefinedDisk): disk is FileDisk {
  return disk.path !== undefined && (disk.format === 'qcow2' || disk.format === 'raw');
}

function consoleFiles(serial: string | z.output<typeof serialSchema>): readonly string[] {
  if (typeof serial === 'string') return [];
  const path = serial.log?.['@file'] ?? (serial['@type'] === 'file' ? serial.source?.['@path'] : undefined);
  return path === undefined ? [] : [path];
}

function definedDisk(disk: z.output<typeof diskSchema>): DefinedDisk {
  const path = disk.source?.['@file'];
  return {
    name: disk.target['@dev'],
    bus: disk.target['@bus'],
    // libvirt itself takes a disk without a format for raw and never looks at its content.
    format: disk.driver?.['@type'] ?? 'raw',
    ...(path === undefined ? {} : { path }),
  };
}
