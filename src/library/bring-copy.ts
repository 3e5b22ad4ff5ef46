import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { CallContext } from '../domain/call-context.ts';
import { CommandFailedError, ConflictError, IntegrityError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { ImageDisk, Manifest, RevisionCopy } from '../domain/image.ts';
import type { Jobs, JobSpec } from '../remote/job.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { FETCH_JOB, fetchedFile, fetchError, type FetchSource } from '../remote/rsync.ts';
import { checksumStaged, progressOf, type FileChecksum } from './checksum.ts';
import { completeJob } from './complete-job.ts';
import { connectionDirectory, forgetConnection, writeConnection, type Connecting } from './fetch-connection.ts';
import { endJobs, endJobsExcept } from './jobs.ts';
import { readManifest } from './manifest.ts';
import { fileIn, libraryPaths } from './paths.ts';
import { requireSpace } from './prepare.ts';
import { describeCopy, imageExists, publishStaged, syncLibrary } from './publish.ts';
import { openStaging, removeStaging } from './staging.ts';
import { verifyCopy } from './verify-copy.ts';

/** A copy that is to be brought into a library. */
export interface CopyToBring {
  /** Of the transfer, which outlives the runs that work at it. */
  readonly fence: Fence;
  /** The revision's, from the catalog: what every copy of it holds. */
  readonly manifest: Manifest;
  readonly source: Connecting;
}

/**
 * Brings the files of a published revision from another library: each by a job on the library's host into staging, checked against the manifest's
 * sha256, then published by one rename. It goes on where an attempt before it stopped, whoever made that: what was written is not sent again. There
 * already, complete: it is proved and answered. CapacityError before the first byte when there is no room, UnavailableError while the source does not
 * answer, IntegrityError when what came is not what the manifest says; then that file is removed.
 */
export async function bringCopy(
  place: LibraryPlace,
  jobs: Jobs,
  request: CopyToBring,
  context: CallContext,
): Promise<RevisionCopy> {
  const { fence, manifest } = request;
  if (await imageExists(place, manifest, context)) return await confirm(place, jobs, request, context);
  await openStaging(place, fence, context);
  await requireRoom(place, request, context);
  await writeConnection(place, fence, request.source, context);
  await endJobsExcept(place, jobs, { fence, keep: manifest.disks.map((disk) => jobId(request.source, disk)) }, context);
  for (const disk of manifest.disks) await fetchDisk(place, jobs, { ...request, disk }, context);
  const sums = await checksumStaged(place, jobs, { fence, files: manifest.disks.map(({ file }) => file) }, context);
  await requireSums(place, jobs, { ...request, sums }, context);
  const publication = { manifest, files: sums.map(({ identity }) => identity) };
  const copy = await publishStaged(place, fence, publication, context);
  await clear(place, jobs, fence, context);
  return copy;
}

/** Ends the jobs of a transfer, proves them dead, and forgets the way to the source. What was staged stays for the next. Of nothing: success. */
export async function pauseTransfer(
  place: LibraryPlace,
  jobs: Jobs,
  fence: Fence,
  context: CallContext,
): Promise<void> {
  await clear(place, jobs, fence, context);
}

async function clear(place: LibraryPlace, jobs: Jobs, fence: Fence, context: CallContext): Promise<void> {
  await endJobs(place, jobs, fence, context);
  await forgetConnection(place, fence, context);
}

/** An attempt that was cut right behind its rename has left it, or the two libraries are one and the same directory. */
async function confirm(
  place: LibraryPlace,
  jobs: Jobs,
  { fence, manifest }: CopyToBring,
  context: CallContext,
): Promise<RevisionCopy> {
  const path = libraryPaths(place).revision(manifest);
  const found = await readManifest(place, path, context);
  if (found.revisionId !== manifest.revisionId || found.source.run !== manifest.source.run) {
    throw new ConflictError(`bring ${path}: another revision is there, which run ${found.source.run} has made`);
  }
  await removeStaging(place, fence, context);
  await syncLibrary(place, context);
  const copy = await describeCopy(place, manifest, context);
  const { verified: _claimed, ...unproved } = copy;
  const { files } = await verifyCopy(place, jobs, { copy: unproved, manifest, fence }, context);
  await clear(place, jobs, fence, context);
  return { ...unproved, verified: { at: new Date().toISOString(), files } };
}

/** What was staged already needs no more room. */
async function requireRoom(place: LibraryPlace, { fence, manifest }: CopyToBring, context: CallContext): Promise<void> {
  const total = manifest.disks.reduce((sum, disk) => sum + disk.sizeBytes, 0);
  const staging = libraryPaths(place).staging(fence.owner);
  const options = { signal: context.signal, timeoutMs: 60_000 };
  const { stdout } = await place.shell.run('du', ['-s', '-b', '--', staging], options);
  const staged = Number(/^\d+/.exec(stdout)?.[0] ?? 0);
  await requireSpace(place, Math.max(0, total - staged), context);
}

interface DiskToFetch extends CopyToBring {
  readonly disk: ImageDisk;
}

async function fetchDisk(
  place: LibraryPlace,
  jobs: Jobs,
  { fence, source, disk }: DiskToFetch,
  context: CallContext,
): Promise<void> {
  const id = jobId(source, disk);
  const what = `Bring ${disk.file} from ${source.name}`;
  const target = fileIn(libraryPaths(place).staging(fence.owner), disk.file);
  const args = [connectionDirectory(place, fence), fetchedFile(source, disk.file), target];
  const spec: JobSpec = {
    id,
    directory: libraryPaths(place).job(fence.owner, id),
    fence,
    file: 'sh',
    args: ['-c', FETCH_JOB, 'imprint-fetch', ...args],
  };
  const onProgress = (tail: string): void => context.progress({ what, job: id, ...progressOf(tail, disk.sizeBytes) });
  try {
    await completeJob(jobs, place.shell, { spec, what, onProgress }, context);
  } catch (error) {
    throw translated(what, error);
  }
}

/** What completeJob knows is the status and what was said last. */
function translated(what: string, error: unknown): unknown {
  if (!(error instanceof CommandFailedError)) return error;
  const { exitCode, errorTail } = error.evidence;
  return typeof exitCode === 'number' ? fetchError(what, exitCode, String(errorTail)) : error;
}

/** One for each file and source, so that a job that was begun from another source is not taken for this one. */
function jobId(source: FetchSource, { file }: ImageDisk): string {
  const from = JSON.stringify([fetchedFile(source, file), source.ssh?.address, source.ssh?.port, source.ssh?.user]);
  return `fetch-${createHash('sha256').update(from).digest('hex').slice(0, 16)}`;
}

async function requireSums(
  place: LibraryPlace,
  jobs: Jobs,
  { fence, manifest, source, sums }: CopyToBring & { readonly sums: readonly FileChecksum[] },
  context: CallContext,
): Promise<void> {
  for (const [index, disk] of manifest.disks.entries()) {
    const found = sums[index]?.sha256;
    if (found === disk.sha256) continue;
    // Whoever tries again begins this file anew.
    await endJobs(place, jobs, fence, context);
    const path = fileIn(libraryPaths(place).staging(fence.owner), disk.file);
    await place.shell.run('rm', ['-f', '--', path], { signal: context.signal, timeoutMs: 60_000 });
    throw new IntegrityError(
      `bring ${disk.file} from ${posix.join(source.directory, disk.file)} of ${source.name}: it is not what was published`,
      {
        evidence: { expectedSha256: disk.sha256, foundSha256: found },
      },
    );
  }
}
