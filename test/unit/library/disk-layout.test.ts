import { describe, expect, it } from 'vitest';
import { recognizeFileSystem, SIGNATURE_BYTES } from '../../../src/library/file-system-type.ts';
import { parsePartitions, PARTITION_TABLE_BYTES } from '../../../src/library/partitions.ts';
import { parseQcow2Header, QCOW2_HEADER_BYTES, qcow2Fault } from '../../../src/library/qcow2-header.ts';

const whole = { number: 0, offset: 0 };

describe('a partition table', () => {
  it('is an MBR’s primary partitions, without extended ones', () => {
    const head = mbr([
      [0x83, 2048],
      [0x05, 4096],
      [0, 0],
      [0x82, 8192],
    ]);
    expect(parsePartitions(head)).toEqual([{ number: 1, offset: 1_048_576 }, { number: 4, offset: 4_194_304 }, whole]);
  });

  it('is a GPT’s entries where the MBR only protects it', () => {
    expect(parsePartitions(gpt(128))).toEqual([{ number: 1, offset: 1_048_576 }, whole]);
  });

  it('is not believed when it claims what cannot be', () => {
    expect(parsePartitions(gpt(1))).toEqual([whole]);
    expect(parsePartitions(mbr([[0xee, 1]]))).toEqual([whole]);
    expect(parsePartitions(Buffer.alloc(PARTITION_TABLE_BYTES))).toEqual([whole]);
    expect(parsePartitions(Buffer.alloc(10))).toEqual([whole]);
  });
});

describe('a file system', () => {
  it('is known by its mark', () => {
    const marked = (at: number, mark: string) => {
      const head = Buffer.alloc(SIGNATURE_BYTES);
      head.write(mark, at, 'latin1');
      return recognizeFileSystem(head);
    };
    expect(marked(0, 'XFSB')).toBe('xfs');
    expect(marked(0x10040, '_BHRfS_M')).toBe('btrfs');
    expect(marked(512, 'LABELONE')).toBe('LVM physical volume');
    expect(marked(0x438, '\x53\xef')).toBe('ext2, ext3 or ext4');
    expect(marked(0, 'nothing')).toBeUndefined();
    expect(recognizeFileSystem(Buffer.alloc(0))).toBeUndefined();
  });
});

describe('a qcow2 header', () => {
  it('is accepted when it needs nothing but itself', () => {
    expect(qcow2Fault(parseQcow2Header(header()))).toBeUndefined();
    expect(parseQcow2Header(header())?.virtualSizeBytes).toBe(1_048_576);
  });

  it.each([
    ['a backing file', (bytes: Buffer) => bytes.writeBigUInt64BE(112n, 8)],
    ['an external data file', (bytes: Buffer) => bytes.writeUInt32BE(4, 76)],
    ['encrypted', (bytes: Buffer) => bytes.writeUInt32BE(2, 32)],
    ['corrupt', (bytes: Buffer) => bytes.writeUInt32BE(2, 76)],
    ['not closed', (bytes: Buffer) => bytes.writeUInt32BE(1, 76)],
    ['not a qcow2 file', (bytes: Buffer) => bytes.writeUInt32BE(0, 0)],
    ['not a qcow2 file', (bytes: Buffer) => bytes.writeUInt32BE(4, 4)],
  ])('is refused: %s', (what, change) => {
    const bytes = header();
    change(bytes);
    expect(qcow2Fault(parseQcow2Header(bytes))).toContain(what);
  });

  it('is refused when it was cut short', () => {
    expect(parseQcow2Header(header().subarray(0, 80))).toBeUndefined();
  });
});

function header(): Buffer {
  const bytes = Buffer.alloc(QCOW2_HEADER_BYTES);
  bytes.writeUInt32BE(0x514649fb, 0);
  bytes.writeUInt32BE(3, 4);
  bytes.writeBigUInt64BE(1_048_576n, 24);
  return bytes;
}

function mbr(entries: readonly (readonly [type: number, sector: number])[]): Buffer {
  const head = Buffer.alloc(PARTITION_TABLE_BYTES);
  entries.forEach(([type, sector], index) => {
    head.writeUInt8(type, 446 + 16 * index + 4);
    head.writeUInt32LE(sector, 446 + 16 * index + 8);
  });
  head.writeUInt16LE(0xaa55, 510);
  return head;
}

function gpt(entrySize: number): Buffer {
  const head = mbr([[0xee, 1]]);
  head.write('EFI PART', 512, 'latin1');
  head.writeBigUInt64LE(2n, 512 + 72);
  head.writeUInt32LE(128, 512 + 80);
  head.writeUInt32LE(entrySize, 512 + 84);
  head.fill(1, 1024, 1040);
  head.writeBigUInt64LE(2048n, 1024 + 32);
  return head;
}
