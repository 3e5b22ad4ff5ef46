import type { CallContext } from '../domain/call-context.ts';
import { IntegrityError } from '../domain/errors.ts';
import type { FileIdentity } from '../domain/image.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { fileIn } from './paths.ts';

/** Type in words, size, inode, times with nanoseconds, and the name last, since only it may hold a blank. */
const FORMAT = '%F|%s|%i|%.9Y|%.9Z|%n';

/**
 * What `stat` says of files in a directory of the library, in their order. IntegrityError names the first that is missing or that is not a regular file
 * (a symbolic link is not: what it leads to may lie outside the library).
 */
export async function identifyFiles(
  place: LibraryPlace,
  directory: string,
  files: readonly string[],
  context: CallContext,
): Promise<readonly FileIdentity[]> {
  if (files.length === 0) return [];
  const paths = files.map((file) => fileIn(directory, file));
  const result = await place.shell.run('stat', ['-c', FORMAT, '--', ...paths], {
    signal: context.signal,
    timeoutMs: 60_000,
    allowedExitCodes: [0, 1],
  });
  const found = parseStat(result.stdout);
  return files.map((file) => pick(found, place, directory, file));
}

/** One line of `stat -c`, the file by its path. */
export interface StatLine {
  readonly path: string;
  readonly type: string;
  readonly identity: Omit<FileIdentity, 'file'>;
}

export function parseStat(text: string): readonly StatLine[] {
  return text.split('\n').flatMap((line) => {
    const [type, size, inode, modified, changed, ...path] = line.split('|');
    if (type === undefined || size === undefined || inode === undefined) return [];
    if (modified === undefined || changed === undefined) return [];
    return [{ path: path.join('|'), type, identity: { sizeBytes: Number(size), inode, modified, changed } }];
  });
}

/** Whether both lists name the same files and nobody wrote to one in between. */
export function sameFiles(before: readonly FileIdentity[], after: readonly FileIdentity[]): boolean {
  if (before.length !== after.length) return false;
  return before.every((file) => after.some((other) => sameFile(file, other)));
}

function sameFile(a: FileIdentity, b: FileIdentity): boolean {
  return (
    a.file === b.file &&
    a.sizeBytes === b.sizeBytes &&
    a.inode === b.inode &&
    a.modified === b.modified &&
    a.changed === b.changed
  );
}

function pick(found: readonly StatLine[], place: LibraryPlace, directory: string, file: string): FileIdentity {
  const path = fileIn(directory, file);
  const line = found.find((candidate) => candidate.path === path);
  if (line === undefined) throw new IntegrityError(`look at ${path} in library ${place.name}: the file is missing`);
  if (line.type.startsWith('regular')) return { file, ...line.identity };
  throw new IntegrityError(`look at ${path} in library ${place.name}: expected a regular file, found a ${line.type}`);
}
