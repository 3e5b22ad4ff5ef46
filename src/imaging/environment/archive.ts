/** A file of a cpio archive. */
export interface ArchiveEntry {
  /** Without a slash in front: `bin/sh`. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  /** Of a file its bytes, of a link its target. */
  readonly content: Buffer;
  readonly executable: boolean;
}

const KINDS = { file: 0o100000, directory: 0o040000, link: 0o120000 };
const TRAILER = 'TRAILER!!!';

/**
 * An archive in the format that the kernel unpacks as an initramfs (newc). The same entries in any order give the same bytes: they are sorted, owned by root
 * and without times.
 */
export function makeArchive(entries: readonly ArchiveEntry[]): Buffer {
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const records = sorted.map((entry, index) =>
    record(entry.path, index + 1, { mode: modeOf(entry), content: entry.content }),
  );
  const trailer = record(TRAILER, 0, { mode: 0, content: Buffer.alloc(0) });
  return padded(Buffer.concat([...records, trailer]), 512);
}

function modeOf({ kind, executable }: ArchiveEntry): number {
  if (kind === 'link') return KINDS.link | 0o777;
  return KINDS[kind] | (kind === 'directory' || executable ? 0o755 : 0o644);
}

function record(
  path: string,
  inode: number,
  { mode, content }: { readonly mode: number; readonly content: Buffer },
): Buffer {
  const name = Buffer.from(`${path}\0`, 'utf8');
  const [uid, gid, links, time, major, minor, check] = [0, 0, 1, 0, 0, 0, 0];
  const numbers = [inode, mode, uid, gid, links, time, content.length, major, minor, major, minor, name.length, check];
  const header = `070701${numbers.map((number) => number.toString(16).toUpperCase().padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header, 'latin1'), name]), 4), padded(content, 4)]);
}

function padded(bytes: Buffer, to: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)]);
}
