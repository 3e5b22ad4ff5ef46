import type { CallContext } from '../domain/call-context.ts';
import { CapacityError, ConflictError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { underFence } from './fenced.ts';
import { libraryPaths } from './paths.ts';

const OPEN = `
[ ! -L "$directory" ] || exit 10
mkdir -p -- "$directory"
[ -d "$directory" ] || exit 10
`;

// A rename first: deleting many GiB must not keep the lock, and a half-deleted directory must not be found under its name.
const REMOVE = `
if [ -e "$directory" ] || [ -L "$directory" ]; then
  mv -T -- "$directory" "$directory.removed.$$"
fi
flock -u 9
rm -rf -- "$directory".removed.*
`;

/** Makes the run's staging directory, or takes it over from an earlier attempt of the same run. Returns its absolute path. */
export async function openStaging(place: LibraryPlace, fence: Fence, context: CallContext): Promise<string> {
  const action = { script: OPEN, args: [], what: `open the staging directory of ${fence.owner}` };
  const result = await underFence(place, fence, action, context);
  const path = libraryPaths(place).staging(fence.owner);
  if (result.exitCode === 0) return path;
  throw new ConflictError(`${action.what} in library ${place.name}: ${path} is not a directory`);
}

/**
 * Removes the run's staging directory with all that is in it. Of nothing: success, also on a file system that is too full to note the fence. A
 * superseded attempt gets a ConflictError.
 */
export async function removeStaging(place: LibraryPlace, fence: Fence, context: CallContext): Promise<void> {
  const action = { script: REMOVE, args: [], what: `remove the staging directory of ${fence.owner}` };
  try {
    await underFence(place, fence, action, context);
  } catch (error) {
    // Who finds no room for the fence makes no directory either, so there is nothing that an attempt before this one could still be at.
    if (!(error instanceof CapacityError) || (await wasBegun(place, fence, context))) throw error;
  }
}

/** The record of the fence comes before the directory, and outlives it. */
async function wasBegun(place: LibraryPlace, fence: Fence, context: CallContext): Promise<boolean> {
  const path = libraryPaths(place).staging(fence.owner);
  const options = { signal: context.signal, timeoutMs: 30_000, allowedExitCodes: [0, 1] };
  const { exitCode } = await place.shell.run('test', ['-e', `${path}.owner.json`, '-o', '-e', path], options);
  return exitCode === 0;
}
