import { randomBytes } from 'node:crypto';
import { NotFoundError } from '../domain/errors.ts';
import type { TransferOptions } from './shell.ts';

/** Exit status of the download script when there is no such file; no shell or `cat` uses it. */
const MISSING = 44;

/**
 * Arguments: path, temporary path, size in bytes, mode. The size is compared because a lost connection looks like the end of the
 * input: without it a file cut off there would be renamed into place. A directory at `path` would swallow the file, so it is refused.
 */
const UPLOAD_SCRIPT = `set -eu
umask 077
trap 'rm -f -- "$2"' EXIT HUP INT TERM
[ ! -d "$1" ] || { echo "$1 is a directory" >&2; exit 1; }
cat >"$2"
[ "$(wc -c <"$2")" -eq "$3" ] || { echo "the input was cut off" >&2; exit 1; }
chmod "$4" "$2"
mv -f -- "$2" "$1"`;

const DOWNLOAD_SCRIPT = `[ -e "$1" ] || exit ${String(MISSING)}
exec cat -- "$1"`;

interface TransferCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly allowedExitCodes: readonly number[];
}

/** The command that writes its standard input to `path`, through a temporary name beside it. */
export function uploadCommand(
  content: string | Uint8Array,
  path: string,
  options: TransferOptions,
): TransferCommand & { readonly stdin: Uint8Array } {
  const stdin = typeof content === 'string' ? Buffer.from(content) : content;
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const mode = (options.mode ?? 0o600).toString(8);
  const args = ['-c', UPLOAD_SCRIPT, 'imprint-upload', path, temporary, String(stdin.byteLength), mode];
  return { file: 'sh', args, allowedExitCodes: [0], stdin };
}

/** The command that prints the file at `path`. */
export function downloadCommand(path: string): TransferCommand {
  return { file: 'sh', args: ['-c', DOWNLOAD_SCRIPT, 'imprint-download', path], allowedExitCodes: [0, MISSING] };
}

/** The file's bytes from the command's answer; NotFoundError when there is no such file. */
export function readDownload(
  answer: { readonly exitCode: number; readonly stdout: Uint8Array },
  host: string,
  path: string,
): Uint8Array {
  if (answer.exitCode === MISSING) throw new NotFoundError(`no file ${path} on ${host}`);
  return answer.stdout;
}
