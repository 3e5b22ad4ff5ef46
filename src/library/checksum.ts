import type { CallContext } from '../domain/call-context.ts';
import { CommandFailedError, IntegrityError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { FileIdentity } from '../domain/image.ts';
import type { Jobs } from '../remote/job.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { completeJob } from './complete-job.ts';
import { identifyFiles, sameFiles } from './file-identity.ts';
import { fileIn, libraryPaths } from './paths.ts';

/** A file, its sha256 (lower-case hexadecimal), and what it looked like before and after it was read. */
export interface FileChecksum {
  readonly sha256: string;
  readonly identity: FileIdentity;
}

export interface ChecksumRequest {
  readonly fence: Fence;
  /** Absolute path of a directory of the library. */
  readonly directory: string;
  readonly files: readonly string[];
}

/** OpenSSL hashes a GiB in about 1 s where coreutils take 7 s. */
const HASH = `if command -v openssl >/dev/null 2>&1; then set -- openssl dgst -sha256 -r; else set -- sha256sum; fi`;

/**
 * Hashes `$1` and prints the position in it now and then: the child shares the open file, so its offset is the progress. Meanwhile the file is
 * written out, so that the disk works while the processor does; that it was is proved later, by the sync before publishing.
 */
const HASH_JOB = `
set -eu
exec 3<"$1"
sync -- "$1" 2>/dev/null 3<&- &
writing=$!
follow() {
  delay=0.1 round=0
  while sleep "$delay"; do
    sed -n 's/^pos:[^0-9]*//p' "/proc/$$/fdinfo/3" 2>/dev/null || :
    round=$((round + 1))
    [ "$round" -lt 20 ] || delay=1
  done
}
follow &
following=$!
${HASH}
code=0
"$@" <&3 || code=$?
kill "$following" 2>/dev/null || :
wait "$writing" || :
exit "$code"
`;

const HASH_FILES = `set -eu
for file; do
  (${HASH}; "$@" <"$file")
done`;

/** Below this hashing takes about a second, and a job of its own would cost more than it saves. */
const DIRECT_BYTES = 256 * 1024 * 1024;

/**
 * The sha256 of files in a directory of the library, computed on its host: small ones at once, large ones by a job each, which an earlier
 * attempt's hashing is taken up from. IntegrityError names a file that is missing or that changed while it was read.
 */
export async function checksumFiles(
  place: LibraryPlace,
  jobs: Jobs,
  request: ChecksumRequest,
  context: CallContext,
): Promise<readonly FileChecksum[]> {
  const before = await identifyFiles(place, request.directory, request.files, context);
  const total = before.reduce((sum, file) => sum + file.sizeBytes, 0);
  const sums =
    total <= DIRECT_BYTES
      ? await hashAtOnce(place, request, context)
      : await hashByJobs(place, jobs, { ...request, before }, context);
  const after = await identifyFiles(place, request.directory, request.files, context);
  if (!sameFiles(before, after)) {
    throw new IntegrityError(
      `hash ${request.files.join(', ')} in ${request.directory}: a file changed while it was read`,
      {
        evidence: { before: [...before], after: [...after] },
      },
    );
  }
  return after.map((identity, index) => ({ identity, sha256: sums[index] ?? '' }));
}

/**
 * Makes staged files read-only and computes their sha256. Publishing compares the identities with what it finds then.
 * What a retry of a job finds was computed of the same file: its identity is part of the job's name.
 */
export async function checksumStaged(
  place: LibraryPlace,
  jobs: Jobs,
  request: { readonly fence: Fence; readonly files: readonly string[] },
  context: CallContext,
): Promise<readonly FileChecksum[]> {
  const directory = libraryPaths(place).staging(request.fence.owner);
  await identifyFiles(place, directory, request.files, context);
  await makeReadOnly(place, directory, request.files, context);
  return checksumFiles(place, jobs, { ...request, directory }, context);
}

/**
 * What `openssl dgst -r` or `sha256sum` printed: the 64 hexadecimal digits at the beginning of the last line that has them, since a position may
 * be printed after it. Undefined when no line has.
 */
export function parseChecksum(output: string): string | undefined {
  return [...output.matchAll(/^([0-9a-f]{64}) [ *]/gm)].at(-1)?.[1];
}

async function makeReadOnly(
  place: LibraryPlace,
  directory: string,
  files: readonly string[],
  context: CallContext,
): Promise<void> {
  const script = 'for file; do [ "$(stat -c %a -- "$file")" = 444 ] || chmod 0444 -- "$file" || exit 1; done';
  const paths = files.map((file) => fileIn(directory, file));
  await place.shell.run('sh', ['-c', script, 'imprint-library', ...paths], {
    signal: context.signal,
    timeoutMs: 60_000,
  });
}

async function hashAtOnce(
  place: LibraryPlace,
  request: ChecksumRequest,
  context: CallContext,
): Promise<readonly string[]> {
  const paths = request.files.map((file) => fileIn(request.directory, file));
  const options = { signal: context.signal, timeoutMs: 120_000 };
  context.progress({ what: `Hash ${request.files.join(', ')}` });
  const result = await place.shell.run('sh', ['-c', HASH_FILES, 'imprint-library', ...paths], options);
  const lines = result.stdout.trim().split('\n');
  return request.files.map((file, index) => requireChecksum(lines[index] ?? '', file));
}

async function hashByJobs(
  place: LibraryPlace,
  jobs: Jobs,
  request: ChecksumRequest & { readonly before: readonly FileIdentity[] },
  context: CallContext,
): Promise<readonly string[]> {
  const sums: string[] = [];
  for (const file of request.before) sums.push(await hashByJob(place, jobs, { ...request, file }, context));
  return sums;
}

async function hashByJob(
  place: LibraryPlace,
  jobs: Jobs,
  request: ChecksumRequest & { readonly file: FileIdentity },
  context: CallContext,
): Promise<string> {
  const { file, fence } = request;
  const what = `Hash ${file.file}`;
  const id = `sha256-${file.inode}-${file.changed}`;
  const path = fileIn(request.directory, file.file);
  const spec = {
    id,
    directory: libraryPaths(place).job(fence.owner, id),
    fence,
    file: 'sh',
    args: ['-c', HASH_JOB, 'imprint-hash', path],
  };
  const onProgress = (tail: string): void => context.progress({ what, job: id, ...progressOf(tail, file.sizeBytes) });
  const ended = await completeJob(jobs, place.shell, { spec, what, onProgress }, context);
  return requireChecksum(ended.outputTail, file.file);
}

/** The last position that the job printed. */
export function progressOf(
  tail: string,
  bytesTotal: number,
): { fraction?: number; bytesDone?: number; bytesTotal: number } {
  const position = tail
    .split('\n')
    .filter((line) => /^\d+$/.test(line))
    .at(-1);
  if (position === undefined || bytesTotal === 0) return { bytesTotal };
  return { bytesTotal, bytesDone: Number(position), fraction: Math.min(1, Number(position) / bytesTotal) };
}

function requireChecksum(output: string, file: string): string {
  const sum = parseChecksum(output);
  if (sum !== undefined) return sum;
  throw new CommandFailedError(`hash ${file}: its sha256 was not printed`, { evidence: { output } });
}
