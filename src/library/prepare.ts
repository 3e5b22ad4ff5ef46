import type { CallContext } from '../domain/call-context.ts';
import { CapacityError, InvalidInputError } from '../domain/errors.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { libraryPaths } from './paths.ts';

/** The root lets others through but not look around: QEMU runs as a user of its own and opens published disks by path. */
const PREPARE = `
set -eu
umask 077
mkdir -p -- "$1" "$1/.staging" "$1/.jobs"
for directory in "$1/.staging" "$1/.jobs"; do
  [ ! -L "$directory" ] || { echo "$directory is a symbolic link"; exit 10; }
done
chmod 0711 "$1"
chmod 0700 "$1/.staging" "$1/.jobs"
probe=$(mktemp "$1/.staging/.probe.XXXXXX") || { echo "$1/.staging cannot be written to"; exit 10; }
rm -f -- "$probe"
find "$1/.staging" -maxdepth 1 -name '*.owner.json' -mtime +90 -type f -exec sh -c '[ -e "\${1%.owner.json}" ] || rm -f -- "$1"' sh {} ';'
find "$1/.jobs" -mindepth 1 -maxdepth 1 -mtime +90 -type d -exec sh -c '[ -n "$(find "$1" -mindepth 1 -type d)" ] || rm -rf -- "$1"' sh {} ';'
`;

const SHORT_MS = 60_000;

/**
 * Makes the library's root and its hidden directories, and proves that it can be written to. May be run at any time, by several at once.
 * Fence records of runs and jobs that are over for 90 days (longer than any run is taken up again) are removed. InvalidInputError says what
 * is in the way.
 */
export async function prepare(place: LibraryPlace, context: CallContext): Promise<void> {
  const { root } = libraryPaths(place);
  const result = await place.shell.run('sh', ['-c', PREPARE, 'imprint-library', root], {
    signal: context.signal,
    timeoutMs: SHORT_MS,
    allowedExitCodes: [0, 1, 10],
  });
  if (result.exitCode === 0) return;
  const found = `${result.stdout}${result.stderr}`.trim();
  throw new InvalidInputError(`prepare library ${place.name}: ${found || `${root} cannot be made`}`);
}

/**
 * Looks whether the library is there and can be written to, without writing: a share that is not mounted, or was mounted read-only after an
 * error, is seen before anything is touched. InvalidInputError says which directory it is.
 */
export async function requireWritable(place: LibraryPlace, context: CallContext): Promise<void> {
  const { root } = libraryPaths(place);
  const options = { signal: context.signal, timeoutMs: SHORT_MS, allowedExitCodes: [0, 1] };
  for (const directory of [`${root}/.staging`, `${root}/.jobs`]) {
    const { exitCode } = await place.shell.run('test', ['-d', directory, '-a', '-w', directory], options);
    if (exitCode === 0) continue;
    throw new InvalidInputError(
      `library ${place.name}: ${directory} is missing or cannot be written to; is its file system mounted, and not read-only?`,
    );
  }
}

/** Bytes that its file system still gives to the worker's user. */
export async function freeBytes(place: LibraryPlace, context: CallContext): Promise<number> {
  const { root } = libraryPaths(place);
  const options = { signal: context.signal, timeoutMs: SHORT_MS };
  const result = await place.shell.run('stat', ['-f', '-c', '%a %S', root], options);
  return parseFreeBytes(result.stdout);
}

/** Reads `<free blocks> <block size>`. */
export function parseFreeBytes(text: string): number {
  const [blocks, size] = text.trim().split(' ').map(Number);
  return (blocks ?? Number.NaN) * (size ?? Number.NaN);
}

/** CapacityError, with what is needed and what there is, when `bytes` do not fit. */
export async function requireSpace(place: LibraryPlace, bytes: number, context: CallContext): Promise<void> {
  const have = await freeBytes(place, context);
  if (have >= bytes) return;
  throw new CapacityError(
    `find room in library ${place.name}: ${String(bytes)} bytes are needed, ${String(have)} are free`,
    { evidence: { library: place.name, needBytes: bytes, haveBytes: have } },
  );
}
