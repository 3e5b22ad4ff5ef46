/** Where a file system may begin, in bytes. */
export interface Partition {
  /** From 1; 0 is the whole disk. */
  readonly number: number;
  readonly offset: number;
}

/** Bytes to read from the disk's beginning: protective MBR, GPT header and 128 entries. */
export const PARTITION_TABLE_BYTES = 34 * 512;

const SECTOR = 512;
const MBR_ENTRIES_AT = 446;
const MBR_TYPE_GPT = 0xee;
const EXTENDED = new Set([0x05, 0x0f, 0x85]);
/** As many as a GPT has by default; a table that claims more is crafted. */
const MOST_ENTRIES = 128;

/**
 * Reads an MBR or GPT with sectors of 512 bytes. Logical partitions of an MBR are not followed. The whole disk comes last, as what a disk without a
 * table is.
 */
export function parsePartitions(head: Buffer): readonly Partition[] {
  const whole = { number: 0, offset: 0 };
  if (head.length < SECTOR || head.readUInt16LE(510) !== 0xaa55) return [whole];
  const entries = mbrEntries(head);
  const isGpt = entries.some(({ type }) => type === MBR_TYPE_GPT);
  const partitions = isGpt ? gptPartitions(head) : entries.filter(({ type }) => type !== 0 && !EXTENDED.has(type));
  return [...partitions.map(({ number, offset }) => ({ number, offset })), whole];
}

function mbrEntries(head: Buffer): readonly (Partition & { readonly type: number })[] {
  return [0, 1, 2, 3].map((index) => {
    const at = MBR_ENTRIES_AT + 16 * index;
    return { number: index + 1, type: head.readUInt8(at + 4), offset: head.readUInt32LE(at + 8) * SECTOR };
  });
}

function gptPartitions(head: Buffer): readonly Partition[] {
  if (head.length < 2 * SECTOR || head.toString('latin1', SECTOR, SECTOR + 8) !== 'EFI PART') return [];
  const first = Number(head.readBigUInt64LE(SECTOR + 72)) * SECTOR;
  const count = Math.min(head.readUInt32LE(SECTOR + 80), MOST_ENTRIES);
  const size = head.readUInt32LE(SECTOR + 84);
  if (size < 128 || size > 4096) return [];
  return Array.from({ length: count }, (_, index) => ({ number: index + 1, at: first + index * size })).flatMap(
    ({ number, at }) => {
      if (at + 40 > head.length || head.subarray(at, at + 16).every((byte) => byte === 0)) return [];
      const offset = Number(head.readBigUInt64LE(at + 32)) * SECTOR;
      return Number.isSafeInteger(offset) ? [{ number, offset }] : [];
    },
  );
}
