import { posix } from 'node:path';
import type { CallContext } from '../domain/call-context.ts';
import { CapacityError, ConflictError, IntegrityError, NotFoundError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { Manifest, RevisionCopy } from '../domain/image.ts';
import type { Jobs } from '../remote/job.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { checksumFiles } from './checksum.ts';
import { formatSums, SUMS_FILE } from './exported-image.ts';
import { identifyFiles } from './file-identity.ts';
import { endJobs } from './jobs.ts';
import { keepAlive } from './keep-alive.ts';
import { formatManifest, MANIFEST_FILE } from './manifest.ts';
import { fileIn } from './paths.ts';
import { freeBytes } from './prepare.ts';

export interface ExportRequest {
  /** With what the catalog knows of the revision. */
  readonly manifest: Manifest;
  readonly copy: RevisionCopy;
  /** Absolute path of a directory that is not there yet, on the library's host. */
  readonly directory: string;
  /** Of this export: its jobs do the hashing. */
  readonly fence: Fence;
}

const SHORT_MS = 60_000;
const LONG_MS = 7 * 24 * 3_600_000;

/** `$1` is the target, `$2` what is to become it. 10: somebody has made the target meanwhile. */
const RENAME = `
set -eu
mv -nT -- "$2" "$1"
[ ! -e "$2" ] || exit 10
sync -- "$(dirname -- "$1")"
`;

/**
 * Writes a copy of a revision into a new directory: its disks, its manifest and SHA256SUMS. What was written is hashed and compared with the
 * manifest, then it gets its name by one rename: a directory under that name is whole. When it fails, what was written is removed. ConflictError
 * when the target exists, CapacityError when it does not fit, IntegrityError names a disk that is not what was published.
 */
export async function exportImage(
  place: LibraryPlace,
  jobs: Jobs,
  request: ExportRequest,
  context: CallContext,
): Promise<void> {
  const { manifest, copy, directory } = request;
  const files = manifest.disks.map(({ file }) => file);
  await identifyFiles(place, copy.path, files, context);
  const partial = await makePartial(place, request, context);
  try {
    for (const file of files) await copyDisk(place, [fileIn(copy.path, file), fileIn(partial, file)], context);
    await compareCopied(place, jobs, { request, partial }, context);
    await writeTexts(place, partial, manifest, context);
    const written = [...files, MANIFEST_FILE, SUMS_FILE].map((file) => fileIn(partial, file));
    const syncing = place.shell.run('sync', ['--', ...written, partial], {
      signal: context.signal,
      timeoutMs: LONG_MS,
    });
    await keepAlive(context, { what: 'Write what was copied to the disk' }, syncing);
    await rename(place, [partial, directory], context);
  } catch (error) {
    await removePartial(place, jobs, { request, partial });
    throw error;
  }
  await endJobs(place, jobs, request.fence, context);
}

async function makePartial(
  place: LibraryPlace,
  { manifest, directory }: ExportRequest,
  context: CallContext,
): Promise<string> {
  const options = { signal: context.signal, timeoutMs: SHORT_MS, allowedExitCodes: [0, 1] };
  const parent = posix.dirname(directory);
  if ((await place.shell.run('test', ['-d', parent], options)).exitCode !== 0) {
    throw new NotFoundError(`export to ${directory}: there is no directory ${parent}`);
  }
  // A dangling symbolic link is in the way, too.
  for (const kind of ['-e', '-L']) {
    if ((await place.shell.run('test', [kind, directory], options)).exitCode === 0) {
      throw new ConflictError(`export to ${directory}: it exists already`);
    }
  }
  const needBytes = manifest.disks.reduce((sum, disk) => sum + disk.sizeBytes, 0);
  const haveBytes = await freeBytes({ ...place, root: parent }, context);
  if (haveBytes < needBytes) {
    throw new CapacityError(
      `export to ${directory}: ${String(needBytes)} bytes are needed, ${String(haveBytes)} are free`,
      { evidence: { needBytes, haveBytes } },
    );
  }
  const template = `${directory}.partial-XXXXXXXX`;
  const made = await place.shell.run('mktemp', ['-d', '--', template], { signal: context.signal, timeoutMs: SHORT_MS });
  return made.stdout.trim();
}

async function copyDisk(
  place: LibraryPlace,
  [from, to]: readonly [string, string],
  context: CallContext,
): Promise<void> {
  const args = ['--reflink=auto', '--sparse=auto', '--no-preserve=all', '--', from, to];
  const copying = place.shell.run('cp', args, { signal: context.signal, timeoutMs: LONG_MS });
  await keepAlive(context, { what: `Copy ${from}` }, copying);
}

interface Partial {
  readonly request: ExportRequest;
  readonly partial: string;
}

/** What lies there now, not what was read: so a fault of the target's disk is found too. */
async function compareCopied(
  place: LibraryPlace,
  jobs: Jobs,
  { request: { manifest, fence, copy }, partial }: Partial,
  context: CallContext,
): Promise<void> {
  const files = manifest.disks.map(({ file }) => file);
  const sums = await checksumFiles(place, jobs, { fence, directory: partial, files }, context);
  for (const [index, disk] of manifest.disks.entries()) {
    if (sums[index]?.sha256 === disk.sha256) continue;
    throw new IntegrityError(`export ${fileIn(copy.path, disk.file)}: its content is not what was published`, {
      evidence: { expectedSha256: disk.sha256, foundSha256: sums[index]?.sha256 },
    });
  }
}

async function writeTexts(
  place: LibraryPlace,
  partial: string,
  manifest: Manifest,
  context: CallContext,
): Promise<void> {
  const text = formatManifest(manifest);
  const options = { signal: context.signal, timeoutMs: SHORT_MS, mode: 0o644 };
  await place.shell.upload(text, fileIn(partial, MANIFEST_FILE), options);
  await place.shell.upload(formatSums(manifest, text), fileIn(partial, SUMS_FILE), options);
  await place.shell.run('chmod', ['0755', '--', partial], { signal: context.signal, timeoutMs: SHORT_MS });
}

async function rename(place: LibraryPlace, [from, to]: readonly [string, string], context: CallContext): Promise<void> {
  const options = { signal: context.signal, timeoutMs: SHORT_MS, allowedExitCodes: [0, 10] };
  const result = await place.shell.run('sh', ['-c', RENAME, 'imprint-export', to, from], options);
  if (result.exitCode === 10) throw new ConflictError(`export to ${to}: it exists already`);
}

/** Also when the export was interrupted: with a signal of its own. Why it failed counts more than that this could not be done. */
async function removePartial(place: LibraryPlace, jobs: Jobs, { request, partial }: Partial): Promise<void> {
  const context: CallContext = { signal: AbortSignal.timeout(120_000), progress: () => undefined };
  await endJobs(place, jobs, request.fence, context).catch(() => undefined);
  const options = { signal: context.signal, timeoutMs: 120_000 };
  await place.shell.run('rm', ['-rf', '--', partial], options).catch(() => undefined);
}
