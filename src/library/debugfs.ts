import type { CallContext } from '../domain/call-context.ts';
import { InvalidInputError } from '../domain/errors.ts';
import type { Shell } from '../remote/shell.ts';

/**
 * Runs debugfs on an open file, as `nobody` where the caller is root: what parses a captured file system has nothing to lose. Limits: 1 GiB of
 * memory, 30 s of processor time, and a file's first bytes. `$1` disk, `$2` offset, `$3` request, `$4` most bytes of output, `$5` not empty:
 * without reading the bitmaps.
 */
const DEBUGFS = `
exec 5<"$1" || exit 1
set -- "$3" "/proc/self/fd/5?offset=$2" "$4" "$5"
run() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --inh-caps=-all -- "$@"
  else
    "$@"
  fi
}
run prlimit --as=1073741824 --cpu=30 -- debugfs \${4:+-c} -R "$1" "$2" | head -c "$3"
`;

/** One ext file system inside a raw disk. */
export interface ExtFileSystem {
  /** Absolute path of the raw disk on the host. */
  readonly disk: string;
  /** In bytes. */
  readonly offset: number;
}

export interface DebugfsAnswer {
  readonly output: string;
  /** What it complained of; its exit status is 0 whatever happened. */
  readonly complaint: string;
}

export interface DebugfsRequest {
  /** A path in it must have been quoted by `quoted`. */
  readonly text: string;
  readonly limitBytes: number;
  /** Opens also a file system whose power was cut: its bitmaps seldom match their checksums until its journal was replayed. */
  readonly withoutBitmaps?: true;
}

/** Sends one request. */
export async function askDebugfs(
  shell: Shell,
  fileSystem: ExtFileSystem,
  { text, limitBytes, withoutBitmaps }: DebugfsRequest,
  context: CallContext,
): Promise<DebugfsAnswer> {
  const { disk, offset } = fileSystem;
  const parameters = [disk, String(offset), text, String(limitBytes), withoutBitmaps === true ? 'yes' : ''];
  const args = ['-c', DEBUGFS, 'imprint-debugfs', ...parameters];
  const result = await shell.run('sh', args, { signal: context.signal, timeoutMs: 60_000, env: { TZ: 'UTC' } });
  return { output: result.stdout, complaint: complaintOf(result.stderr) };
}

/** What debugfs wrote to its standard error, without its greeting. */
export function complaintOf(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^debugfs \d/.test(line))
    .join('\n');
}

/** Whether debugfs complained only that there is no such name. */
export function isMissing(complaint: string): boolean {
  return /File not found by ext2_lookup|: File not found/.test(complaint);
}

/** An absolute path as an argument of a debugfs request; InvalidInputError for what debugfs cannot take. */
export function quoted(path: string): string {
  if (path.startsWith('/') && !/["\n\0]/.test(path)) return `"${path}"`;
  throw new InvalidInputError(
    `look up ${JSON.stringify(path)}: expected an absolute path without quotes and line feeds`,
  );
}
