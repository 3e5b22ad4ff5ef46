import type { CallContext } from '../domain/call-context.ts';
import { ConflictError, UnavailableError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import { OVER } from '../remote/out-of-space.ts';
import type { CommandResult, Shell } from '../remote/shell.ts';

/** A directory, and where the highest epoch that acted on it is kept: a record and a lock that outlive the directory's content. */
export interface FencedDirectory {
  readonly path: string;
  readonly record: string;
  readonly lock: string;
}

/** A constant script that runs under the lock, in the directory's place, with its own arguments as `$1` …; it may end in 10 to 13. */
export interface FencedAction {
  /** For messages: `make the disks of lab-07`. */
  readonly what: string;
  readonly script: string;
  readonly args: readonly string[];
}

/**
 * The record is the one that the library keeps for a staging directory: `{"owner":"…","epoch":7}`. Epochs of a node only rise, from
 * run to run too, so the epoch alone decides. Arguments: directory, record, lock, owner as JSON, epoch.
 */
const FENCE_SCRIPT = `${OVER}
set -eu
umask 077
directory=$1 record=$2 lock=$3 owner=$4 epoch=$5
shift 5
(umask 066; mkdir -p -- "\${lock%/*}")
exec 9>>"$lock"
flock -w 30 9 || exit 75
seen=-1
if [ -e "$record" ]; then
  seen=$(sed -n 's/.*"epoch":\\([0-9][0-9]*\\)}$/\\1/p' "$record")
  [ -n "$seen" ] || { cat -- "$record"; exit 4; }
  [ "$epoch" -ge "$seen" ] || { cat -- "$record"; exit 4; }
fi
if [ "$epoch" -gt "$seen" ]; then
  raised="{\\"owner\\":$owner,\\"epoch\\":$epoch}"
  if printf '%s\\n' "$raised" | cat > "$record.tmp"; then mv -fT -- "$record.tmp" "$record"; else over "$record" "$raised"; fi
fi
`;

const SUPERSEDED = 4;
const LOCK_BUSY = 75;

/**
 * Runs an action on a host while no holder of a lower epoch can act on the same directory. ConflictError for a superseded fence,
 * UnavailableError when the lock stayed busy. May be run again.
 */
export async function underFence(
  shell: Shell,
  at: { readonly directory: FencedDirectory; readonly fence: Fence },
  action: FencedAction,
  context: CallContext,
): Promise<CommandResult> {
  const { directory, fence } = at;
  const own = [directory.path, directory.record, directory.lock, JSON.stringify(fence.owner), String(fence.epoch)];
  const result = await shell.run('sh', ['-c', FENCE_SCRIPT + action.script, 'imprint-fence', ...own, ...action.args], {
    signal: context.signal,
    timeoutMs: 120_000,
    allowedExitCodes: [0, SUPERSEDED, LOCK_BUSY, 10, 11, 12, 13],
  });
  const evidence = { owner: fence.owner, epoch: fence.epoch, found: result.stdout.trim() };
  if (result.exitCode === SUPERSEDED) {
    throw new ConflictError(`${action.what}: a later attempt or run has taken over`, { evidence });
  }
  if (result.exitCode === LOCK_BUSY) throw new UnavailableError(`${action.what}: the lock stayed busy`, { evidence });
  return result;
}
