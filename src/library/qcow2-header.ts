/** What a qcow2 header says that decides whether a tool may open the file at all. */
export interface Qcow2Header {
  readonly version: number;
  readonly virtualSizeBytes: number;
  readonly backingFile: boolean;
  readonly encrypted: boolean;
  readonly dataFile: boolean;
  readonly dirty: boolean;
  readonly corrupt: boolean;
}

/** Bytes to read: the fixed part of a version 3 header (QEMU, docs/interop/qcow2.txt). */
export const QCOW2_HEADER_BYTES = 104;

const MAGIC = 0x514649fb;
const FEATURES_AT = 72;
const DIRTY = 1;
const CORRUPT = 2;
const DATA_FILE = 4;

/**
 * Reads the header by itself, so that a crafted file cannot make a tool open the files that it names. Undefined when it is not qcow2 of
 * version 2 or 3.
 */
export function parseQcow2Header(bytes: Buffer): Qcow2Header | undefined {
  if (bytes.length < FEATURES_AT || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const version = bytes.readUInt32BE(4);
  if (version !== 2 && version !== 3) return undefined;
  if (version === 3 && bytes.length < QCOW2_HEADER_BYTES) return undefined;
  // Version 2 has no feature bits. Of the 64 bits, all that are known lie in the lower half.
  const features = version === 3 ? bytes.readUInt32BE(FEATURES_AT + 4) : 0;
  return {
    version,
    virtualSizeBytes: Number(bytes.readBigUInt64BE(24)),
    backingFile: bytes.readBigUInt64BE(8) !== 0n,
    encrypted: bytes.readUInt32BE(32) !== 0,
    dataFile: (features & DATA_FILE) !== 0,
    dirty: (features & DIRTY) !== 0,
    corrupt: (features & CORRUPT) !== 0,
  };
}

/** What forbids the file as a disk of an image, in words; undefined when nothing does. */
export function qcow2Fault(header: Qcow2Header | undefined): string | undefined {
  if (header === undefined) return 'it is not a qcow2 file';
  if (header.backingFile) return 'it names a backing file';
  if (header.dataFile) return 'it names an external data file';
  if (header.encrypted) return 'it is encrypted';
  if (header.corrupt) return 'it is marked corrupt';
  if (header.dirty) return 'it was not closed by the program that wrote it';
  return undefined;
}
