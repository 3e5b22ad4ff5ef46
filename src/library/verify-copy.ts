import type { CallContext } from '../domain/call-context.ts';
import { IntegrityError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { FileIdentity, Manifest, RevisionCopy } from '../domain/image.ts';
import type { Jobs } from '../remote/job.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { checksumFiles, type FileChecksum } from './checksum.ts';
import { identifyFiles, sameFiles } from './file-identity.ts';
import { libraryPaths } from './paths.ts';

export interface CopyToVerify {
  readonly copy: RevisionCopy;
  readonly manifest: Manifest;
  /** Of the run that asks: its jobs do the hashing. */
  readonly fence: Fence;
}

/** `by`: whether the files were unchanged since the last full check, or were hashed now. `files` is to be recorded when they were. */
export interface VerifiedCopy {
  readonly by: 'identity' | 'sha256';
  readonly files: readonly FileIdentity[];
}

/**
 * What the files of a copy look like, while size, inode and times are those of the last full check; undefined when a full check is due.
 * IntegrityError names the file that is missing or of another size. Reads only.
 */
export async function findUnchanged(
  place: LibraryPlace,
  { copy, manifest }: Pick<CopyToVerify, 'copy' | 'manifest'>,
  context: CallContext,
): Promise<readonly FileIdentity[] | undefined> {
  const directory = libraryPaths(place).revision(manifest);
  const names = manifest.disks.map((disk) => disk.file);
  const files = await identifyFiles(place, directory, names, context);
  requireSizes(directory, manifest, files);
  return sameFiles(copy.verified?.files ?? [], files) ? files : undefined;
}

/**
 * Proves that a published copy still holds the bytes that its manifest names: quick while size, inode and times are those of the last full check, otherwise
 * by hashing. IntegrityError names the file that is missing, of another size or of another content. Reads only; may be run again.
 */
export async function verifyCopy(
  place: LibraryPlace,
  jobs: Jobs,
  request: CopyToVerify,
  context: CallContext,
): Promise<VerifiedCopy> {
  const directory = libraryPaths(place).revision(request.manifest);
  const names = request.manifest.disks.map((disk) => disk.file);
  const unchanged = await findUnchanged(place, request, context);
  if (unchanged !== undefined) return { by: 'identity', files: unchanged };
  const sums = await checksumFiles(place, jobs, { fence: request.fence, directory, files: names }, context);
  requireSums(directory, request.manifest, sums);
  return { by: 'sha256', files: sums.map((sum) => sum.identity) };
}

function requireSizes(directory: string, manifest: Manifest, files: readonly FileIdentity[]): void {
  for (const disk of manifest.disks) {
    const found = files.find((file) => file.file === disk.file)?.sizeBytes;
    if (found === disk.sizeBytes) continue;
    throw damaged(directory, disk.file, { expectedBytes: disk.sizeBytes, foundBytes: found });
  }
}

function requireSums(directory: string, manifest: Manifest, sums: readonly FileChecksum[]): void {
  for (const disk of manifest.disks) {
    const found = sums.find((sum) => sum.identity.file === disk.file)?.sha256;
    if (found === disk.sha256) continue;
    throw damaged(directory, disk.file, { expectedSha256: disk.sha256, foundSha256: found });
  }
}

function damaged(directory: string, file: string, evidence: Record<string, unknown>): IntegrityError {
  return new IntegrityError(`verify ${directory}/${file}: its content is not what was published`, { evidence });
}
