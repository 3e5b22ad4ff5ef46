import type { CallContext } from '../../domain/call-context.ts';
import type { FileIdentity } from '../../domain/image.ts';
import type { Shell } from '../../remote/shell.ts';

/** Whose directory a file is in does not matter here: `file` is its absolute path. */
export type DiskIdentity = Pick<FileIdentity, 'file' | 'sizeBytes' | 'inode' | 'modified'>;

/** Type in words, size, inode, modification time with nanoseconds, and the path last, since only it may hold a bar. */
const FORMAT = '%F|%s|%i|%.9Y|%n';

/** What `stat` says of each regular file; a path that is missing or no regular file is not in the answer. */
export async function identifyFiles(
  shell: Shell,
  paths: readonly string[],
  context: CallContext,
): Promise<readonly DiskIdentity[]> {
  if (paths.length === 0) return [];
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  return parseStat((await shell.run('stat', ['-c', FORMAT, '--', ...paths], options)).stdout);
}

/** Reads lines of `stat`; only regular files (an empty one is one) are kept. */
export function parseStat(output: string): readonly DiskIdentity[] {
  return output.split('\n').flatMap((line) => {
    const [type, size, inode, modified, ...path] = line.split('|');
    if (!type?.startsWith('regular') || size === undefined || inode === undefined || modified === undefined) return [];
    return [{ file: path.join('|'), sizeBytes: Number(size), inode, modified }];
  });
}

/**
 * The files that are not what they were. The time of the last change of owner or mode is left out on purpose: libvirt gives a disk back
 * to its owner when a domain has stopped, which is no write.
 */
export function touchedSince(before: readonly DiskIdentity[], now: readonly DiskIdentity[]): readonly string[] {
  const unchanged = (file: DiskIdentity): boolean =>
    now.some(
      (found) =>
        found.file === file.file &&
        found.sizeBytes === file.sizeBytes &&
        found.inode === file.inode &&
        found.modified === file.modified,
    );
  return before.filter((file) => !unchanged(file)).map(({ file }) => file);
}
