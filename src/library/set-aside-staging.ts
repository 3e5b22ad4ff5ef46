import type { CallContext } from '../domain/call-context.ts';
import { ConflictError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { underFence } from './fenced.ts';

/** 10: something lies there already. */
const SET_ASIDE = `
target=$root/.kept/$key
if [ -d "$directory" ] && [ ! -L "$directory" ]; then
  [ ! -e "$target" ] || exit 10
  mkdir -p -- "$root/.kept"
  chmod 0700 "$root/.kept"
  mv -T -- "$directory" "$target"
  sync -- "$root/.kept"
fi
[ ! -d "$target" ] || printf '%s\\n' "$target"
`;

/**
 * Moves the run's staging directory to `.kept` in the library, where nothing automatic removes it: a complete copy that was not published.
 * Answers where it lies; undefined when nothing is staged. Moved already: success.
 */
export async function setStagingAside(
  place: LibraryPlace,
  fence: Fence,
  context: CallContext,
): Promise<string | undefined> {
  const action = { script: SET_ASIDE, args: [], what: `set the staging directory of ${fence.owner} aside` };
  const result = await underFence(place, fence, action, context);
  if (result.exitCode !== 0)
    throw new ConflictError(`${action.what} in library ${place.name}: it was set aside before`);
  const path = result.stdout.trim();
  return path === '' ? undefined : path;
}
