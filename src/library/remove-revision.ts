import { posix } from 'node:path';
import type { CallContext } from '../domain/call-context.ts';
import { ConflictError, IntegrityError, NotFoundError, UnavailableError } from '../domain/errors.ts';
import { nameOfRevision, type Revision, type RevisionCopy } from '../domain/image.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { keepAlive } from './keep-alive.ts';
import { readManifest } from './manifest.ts';
import { libraryPaths } from './paths.ts';

/**
 * A rename first, under the lock that publishing takes: what is half deleted is never seen under a revision's name. `$1` is the library's root, `$2`
 * the name of the directory. 10: something else is there; 75: the lock stayed busy.
 */
const REMOVE = `
set -eu
umask 077
root=$1 name=$2
mkdir -p -- "$root/.trash"
[ ! -L "$root/.trash" ] || exit 10
exec 9>>"$root/.staging/.lock"
flock -w 30 9 || exit 75
if [ -e "$root/$name" ] || [ -L "$root/$name" ]; then
  [ -d "$root/$name" ] && [ ! -L "$root/$name" ] || exit 10
  mv -T -- "$root/$name" "$root/.trash/$name.$$"
  sync -- "$root"
fi
flock -u 9
rm -rf -- "$root/.trash/$name".*
`;
const SOMETHING_ELSE = 10;
const LOCK_BUSY = 75;

/** Giving back the blocks of files of terabytes takes minutes on some file systems. */
const REMOVE_MS = 3_600_000;

/**
 * Deletes the bytes of a revision in one library. Nothing there (any more), or half deleted by an earlier call: success. ConflictError, with
 * everything left as it is, when its directory is not where the catalog says or holds another revision.
 */
export async function removeRevision(
  place: LibraryPlace,
  revision: Revision,
  copy: RevisionCopy,
  context: CallContext,
): Promise<void> {
  const { root, revision: pathOf } = libraryPaths(place);
  const path = pathOf(revision);
  if (posix.normalize(copy.path) !== path) {
    throw new ConflictError(`delete ${copy.path}: library ${place.name} is at ${root} now`);
  }
  await refuseOther(place, { path, revision }, context);
  const options = { signal: context.signal, timeoutMs: REMOVE_MS, allowedExitCodes: [0, SOMETHING_ELSE, LOCK_BUSY] };
  const removing = place.shell.run('sh', ['-c', REMOVE, 'imprint-library', root, nameOfRevision(revision)], options);
  const { exitCode } = await keepAlive(context, { what: `Delete ${path}` }, removing);
  if (exitCode === SOMETHING_ELSE) throw new ConflictError(`delete ${path}: it is not a directory`);
  if (exitCode === LOCK_BUSY) throw new UnavailableError(`delete ${path}: the library's lock stayed busy`);
}

/** Two catalogs that share a library must not delete each other's images. A damaged manifest is no reason to keep an image. */
async function refuseOther(
  place: LibraryPlace,
  { path, revision }: { readonly path: string; readonly revision: Revision },
  context: CallContext,
): Promise<void> {
  try {
    const { revisionId } = await readManifest(place, path, context);
    if (revisionId !== revision.id) {
      throw new ConflictError(
        `delete ${path}: its manifest names revision id ${String(revisionId)}, not ${String(revision.id)}`,
      );
    }
  } catch (error) {
    if (!(error instanceof NotFoundError) && !(error instanceof IntegrityError)) throw error;
  }
}
