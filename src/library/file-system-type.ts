/** Bytes to read from a partition's beginning: btrfs has its mark behind the first 64 KiB. */
export const SIGNATURE_BYTES = 0x10048;

/** Where a known mark lies (each format's own documentation), and what it means. */
const SIGNATURES: readonly (readonly [offset: number, mark: Buffer, type: string])[] = [
  [0, Buffer.from('XFSB'), 'xfs'],
  [0x10040, Buffer.from('_BHRfS_M'), 'btrfs'],
  [512, Buffer.from('LABELONE'), 'LVM physical volume'],
  [0, Buffer.from([0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]), 'LUKS'],
  [3, Buffer.from('NTFS    '), 'ntfs'],
  [0x52, Buffer.from('FAT32   '), 'vfat'],
  [0x36, Buffer.from('FAT'), 'vfat'],
  [4086, Buffer.from('SWAPSPACE2'), 'swap'],
  [0x438, Buffer.from([0x53, 0xef]), 'ext2, ext3 or ext4'],
];

/** What a partition holds, by its first bytes; undefined when no known mark is there. For messages only: nothing is opened by what this says. */
export function recognizeFileSystem(head: Buffer): string | undefined {
  return SIGNATURES.find(([at, mark]) => head.subarray(at, at + mark.length).equals(mark))?.[2];
}
