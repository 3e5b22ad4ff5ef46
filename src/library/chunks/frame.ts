import { createHash } from 'node:crypto';
import { z } from 'zod';
import { IntegrityError } from '../../domain/errors.ts';
import type { Extent } from './layout.ts';

/** Begins every frame: its last byte is the version of the format. */
const MAGIC = Buffer.from('IMPCHNK1', 'latin1');
const SHA256_BYTES = 32;

/** Magic, the header's length (32 bits, little endian), its sha256. Then come the header as JSON, and the stored bytes. */
export const PREFIX_BYTES = MAGIC.length + 4 + SHA256_BYTES;

/** A chunk of 64 MiB whose every second block of 4 KiB is used has 8,192 extents: some 200 KiB. */
export const MOST_HEADER_BYTES = 4 * 1024 ** 2;

/** Of the bytes of a chunk, stored or not. Imaging environments send 64 MiB or less; what claims more is no frame of ours. */
export const MOST_STORED_BYTES = 256 * 1024 ** 2;

const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
const stored = { storedBytes: count.max(MOST_STORED_BYTES), sha256 };

const headerSchema = z.discriminatedUnion('kind', [
  /** The stored bytes are the layout, as JSON. */
  z.strictObject({ kind: z.literal('layout'), ...stored }),
  /** The stored bytes are the extents one after the other, compressed with zstd. */
  z.strictObject({
    kind: z.literal('data'),
    offset: count,
    length: z.int().positive(),
    extents: z.array(z.tuple([count, z.int().positive()])),
    ...stored,
  }),
]);

export type FrameHeader = z.infer<typeof headerSchema>;
export type DataHeader = Extract<FrameHeader, { kind: 'data' }>;

/** What precedes the stored bytes of a frame. */
export function encodeHeader(header: FrameHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  if (json.length > MOST_HEADER_BYTES) throw new IntegrityError('write a chunk: it has too many extents for a header');
  const size = Buffer.alloc(4);
  size.writeUInt32LE(json.length);
  return Buffer.concat([MAGIC, size, createHash('sha256').update(json).digest(), json]);
}

export interface FramePrefix {
  readonly headerBytes: number;
  readonly headerSha256: Buffer;
}

/** Undefined for what begins no frame. */
export function parsePrefix(bytes: Buffer): FramePrefix | undefined {
  if (bytes.length < PREFIX_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const headerBytes = bytes.readUInt32LE(MAGIC.length);
  if (headerBytes === 0 || headerBytes > MOST_HEADER_BYTES) return undefined;
  return { headerBytes, headerSha256: bytes.subarray(MAGIC.length + 4, PREFIX_BYTES) };
}

/** Undefined for a header whose bytes are not those that were written, or that says what cannot be. */
export function parseHeader({ headerSha256 }: FramePrefix, json: Buffer): FrameHeader | undefined {
  if (!createHash('sha256').update(json).digest().equals(headerSha256)) return undefined;
  const parsed = headerSchema.safeParse(readJson(json));
  if (!parsed.success || (parsed.data.kind === 'data' && extentFault(parsed.data) !== undefined)) return undefined;
  return parsed.data;
}

/** What is wrong with the extents of a chunk; undefined when they lie in it, in order and without overlaps, and are not too much at once. */
export function extentFault({
  offset,
  length,
  extents,
}: Pick<DataHeader, 'offset' | 'length' | 'extents'>): string | undefined {
  let end = offset;
  for (const [from, bytes] of extents) {
    if (from < end) return `the extent at ${String(from)} overlaps or lies before its chunk at ${String(offset)}`;
    end = from + bytes;
  }
  if (end > offset + length) return `its extents end at ${String(end)}, behind the chunk’s end`;
  return dataBytes(extents) > MOST_STORED_BYTES ? `it holds more than ${String(MOST_STORED_BYTES)} bytes` : undefined;
}

/** What the extents hold, uncompressed. */
export function dataBytes(extents: readonly Extent[]): number {
  return extents.reduce((sum, [, bytes]) => sum + bytes, 0);
}

function readJson(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}
