import type { CallContext } from '../domain/call-context.ts';
import { ConflictError, errorChain, IntegrityError, NotFoundError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { FileIdentity, Manifest, RevisionCopy } from '../domain/image.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { underFence, type FencedAction } from './fenced.ts';
import { identifyFiles, sameFiles } from './file-identity.ts';
import { keepAlive } from './keep-alive.ts';
import { MANIFEST_FILE, readManifest, writeManifest } from './manifest.ts';
import { fileIn, libraryPaths } from './paths.ts';
import { removeStaging } from './staging.ts';

/** `$1` is the revision's directory name. 10: it exists; 11: nothing is staged. */
const RENAME = `
target=$root/$1
[ ! -e "$target" ] && [ ! -L "$target" ] || exit 10
[ -d "$directory" ] && [ ! -L "$directory" ] || exit 11
chmod 0755 -- "$directory"
mv -T -- "$directory" "$target"
sync -- "$root"
`;
const EXISTS = 10;
const NOTHING_STAGED = 11;

/** Flushing what a copy left in memory: minutes on a slow disk. */
const SYNC_MS = 3_600_000;

export interface Publication {
  readonly manifest: Manifest;
  /** What the disk files looked like when their sha256 was computed (`checksumStaged`); a file written to since is an IntegrityError. */
  readonly files: readonly FileIdentity[];
}

/**
 * Makes the staged revision visible under its name: manifest, sync, then one rename of the staging directory and sync of its parent, while no
 * later attempt can act. Published already by the same run: success, and its staging directory is removed. ConflictError when the name is
 * taken by another run's revision; an existing directory is never written to. The point of no return.
 */
export async function publish(
  place: LibraryPlace,
  fence: Fence,
  publication: Publication,
  context: CallContext,
): Promise<RevisionCopy> {
  const { manifest } = publication;
  const existing = await findManifest(place, manifest, context);
  if (existing !== undefined) return confirmOwn(place, { fence, wanted: manifest, existing }, context);
  return publishStaged(place, fence, publication, context);
}

/** The same for a name that is known to be free. ConflictError when it is taken meanwhile, or when nothing is staged any more. */
export async function publishStaged(
  place: LibraryPlace,
  fence: Fence,
  publication: Publication,
  context: CallContext,
): Promise<RevisionCopy> {
  const { manifest } = publication;
  const staging = libraryPaths(place).staging(fence.owner);
  const found = await identifyFiles(place, staging, diskFiles(manifest), context);
  if (!sameFiles(publication.files, found)) {
    throw new IntegrityError(`publish ${staging}: a file was written to since its sha256 was computed`, {
      evidence: { before: [...publication.files], after: [...found] },
    });
  }
  await writeManifest(place, staging, manifest, context);
  const written = [...diskFiles(manifest), MANIFEST_FILE].map((file) => fileIn(staging, file));
  await syncPaths(place, [...written, staging], context);
  await rename(place, fence, manifest, context);
  return describeCopy(place, manifest, context);
}

/** Whether the revision's directory is in the library, complete or not. */
export async function imageExists(
  place: LibraryPlace,
  revision: Pick<Manifest, 'image' | 'revision'>,
  context: CallContext,
): Promise<boolean> {
  const path = libraryPaths(place).revision(revision);
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  return (await place.shell.run('test', ['-e', path], options)).exitCode === 0;
}

/** Bytes that the revision takes on the library's file system; NotFoundError when it is not there. */
export async function imageSize(
  place: LibraryPlace,
  revision: Pick<Manifest, 'image' | 'revision'>,
  context: CallContext,
): Promise<number> {
  const path = libraryPaths(place).revision(revision);
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  const result = await place.shell.run('du', ['-s', '-B1', '--', path], options);
  const bytes = /^(\d+)\t/.exec(result.stdout)?.[1];
  if (result.exitCode === 0 && bytes !== undefined) return Number(bytes);
  throw new NotFoundError(`measure ${path} in library ${place.name}`, { evidence: { error: result.stderr.trim() } });
}

async function rename(place: LibraryPlace, fence: Fence, manifest: Manifest, context: CallContext): Promise<void> {
  const target = libraryPaths(place).revision(manifest);
  const name = target.slice(libraryPaths(place).root.length + 1);
  const action: FencedAction = { script: RENAME, args: [name], what: `publish ${name}` };
  const result = await underFence(place, fence, action, context);
  if (result.exitCode === EXISTS) throw new ConflictError(`publish ${name}: ${target} exists already`);
  if (result.exitCode === NOTHING_STAGED) throw new ConflictError(`publish ${name}: nothing is staged for it`);
}

async function confirmOwn(
  place: LibraryPlace,
  published: { readonly fence: Fence; readonly wanted: Manifest; readonly existing: Manifest },
  context: CallContext,
): Promise<RevisionCopy> {
  const { fence, wanted, existing } = published;
  const path = libraryPaths(place).revision(wanted);
  if (existing.source.run !== fence.owner || existing.revisionId !== wanted.revisionId) {
    throw new ConflictError(`publish ${path}: it was published by run ${existing.source.run}`);
  }
  await removeStaging(place, fence, context);
  await syncLibrary(place, context);
  return describeCopy(place, existing, context);
}

async function findManifest(place: LibraryPlace, key: Manifest, context: CallContext): Promise<Manifest | undefined> {
  if (!(await imageExists(place, key, context))) return undefined;
  const path = libraryPaths(place).revision(key);
  try {
    return await readManifest(place, path, context);
  } catch (cause) {
    if (!(cause instanceof NotFoundError) && !(cause instanceof IntegrityError)) throw cause;
    throw new ConflictError(`publish ${path}: something else is there`, {
      cause,
      evidence: { found: errorChain(cause) },
    });
  }
}

/** The attempt that renamed a revision may have been killed before its rename was on the disk. */
export async function syncLibrary(place: LibraryPlace, context: CallContext): Promise<void> {
  await syncPaths(place, [libraryPaths(place).root], context);
}

async function syncPaths(place: LibraryPlace, paths: readonly string[], context: CallContext): Promise<void> {
  const syncing = place.shell.run('sync', ['--', ...paths], { signal: context.signal, timeoutMs: SYNC_MS });
  await keepAlive(context, { what: 'Write what was copied to the disk' }, syncing);
}

/** The copy of a published revision as it lies there now; its files count as just checked. */
export async function describeCopy(
  place: LibraryPlace,
  manifest: Manifest,
  context: CallContext,
): Promise<RevisionCopy> {
  const path = libraryPaths(place).revision(manifest);
  const files = await identifyFiles(place, path, diskFiles(manifest), context);
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const verified = { at: new Date().toISOString(), files };
  return { revisionId: manifest.revisionId, library: place.name, path, sizeBytes, verified };
}

function diskFiles(manifest: Manifest): readonly string[] {
  return manifest.disks.map((disk) => disk.file);
}
