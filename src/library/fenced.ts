import type { CallContext } from '../domain/call-context.ts';
import { ConflictError, UnavailableError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { CommandResult } from '../remote/shell.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { OVER } from '../remote/out-of-space.ts';
import { libraryPaths, runKey } from './paths.ts';

/**
 * Takes the library's lock, compares the fence with the highest that was seen for this run, raises it, and leaves the lock held for
 * what follows. The record lies beside the staging directory, so that it outlives the directory's removal and its publishing.
 * Arguments: root, run key, owner as JSON, epoch. Statuses: 3 another owner, 4 superseded, 75 lock busy.
 */
const FENCE_SCRIPT = `${OVER}
set -eu
umask 077
root=$1 key=$2 owner=$3 epoch=$4
shift 4
directory=$root/.staging/$key
record=$directory.owner.json
prefix="{\\"owner\\":$owner,\\"epoch\\":"
exec 9>>"$root/.staging/.lock"
flock -w 30 9 || exit 75
seen=-1
if [ -e "$record" ]; then
  line=$(cat -- "$record")
  seen=\${line#"$prefix"}
  [ "$seen" != "$line" ] || { printf '%s\\n' "$line"; exit 3; }
  seen=\${seen%\\}}
  case $seen in ''|*[!0-9]*) printf '%s\\n' "$line"; exit 3 ;; esac
  [ "$epoch" -ge "$seen" ] || { printf '%s\\n' "$line"; exit 4; }
fi
if [ "$epoch" -gt "$seen" ]; then
  raised=$prefix$epoch}
  if printf '%s\\n' "$raised" | cat > "$record.tmp"; then mv -fT -- "$record.tmp" "$record"; else over "$record" "$raised"; fi
fi
`;

const OTHER_OWNER = 3;
const SUPERSEDED = 4;
const LOCK_BUSY = 75;

/** Statuses from here on belong to the action. */
const ACTION_STATUSES = [10, 11, 12, 13];

/** A constant script that runs under the lock with `$root`, `$key`, `$directory` set and its own arguments as `$1` …; it may end in 10 to 13. */
export interface FencedAction {
  readonly script: string;
  readonly args: readonly string[];
  /** For messages: `publish web-v3`. */
  readonly what: string;
}

/**
 * Runs an action on the library's host while nobody with a lower epoch, and no other run, can act on this run's staging directory.
 * ConflictError for a superseded fence or another owner; UnavailableError when the lock stayed busy. May be run again.
 */
export async function underFence(
  place: LibraryPlace,
  fence: Fence,
  action: FencedAction,
  context: CallContext,
): Promise<CommandResult> {
  const script = FENCE_SCRIPT + action.script;
  const own = [libraryPaths(place).root, runKey(fence.owner), JSON.stringify(fence.owner), String(fence.epoch)];
  const result = await place.shell.run('sh', ['-c', script, 'imprint-library', ...own, ...action.args], {
    signal: context.signal,
    timeoutMs: 120_000,
    allowedExitCodes: [0, OTHER_OWNER, SUPERSEDED, LOCK_BUSY, ...ACTION_STATUSES],
  });
  refuse(place, fence, action, result);
  return result;
}

function refuse(place: LibraryPlace, fence: Fence, action: FencedAction, result: CommandResult): void {
  const doing = `${action.what} in library ${place.name}`;
  const evidence = { owner: fence.owner, epoch: fence.epoch, found: result.stdout.trim() };
  if (result.exitCode === OTHER_OWNER) {
    throw new ConflictError(`${doing}: the staging directory belongs to another run`, { evidence });
  }
  if (result.exitCode === SUPERSEDED) {
    throw new ConflictError(`${doing}: a later attempt of run ${fence.owner} has taken over`, { evidence });
  }
  if (result.exitCode === LOCK_BUSY)
    throw new UnavailableError(`${doing}: the library's lock stayed busy`, { evidence });
}
