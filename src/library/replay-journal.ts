import type { CallContext } from '../domain/call-context.ts';
import type { Shell } from '../remote/shell.ts';
import { keepAlive } from './keep-alive.ts';

/** As `nobody` where the caller is root, with limits, as debugfs is run. Only the journal is replayed; nothing is repaired. `$1`: a file. */
const REPLAY = `
exec 5<>"$1" || exit 8
run() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --inh-caps=-all -- "$@"
  else
    "$@"
  fi
}
run prlimit --as=1073741824 --cpu=120 -- e2fsck -p -E journal_only /proc/self/fd/5
`;

const REPLAY_MS = 10 * 60_000;

/**
 * Writes what the journal of an ext file system holds to where it belongs, in a file that begins with the file system and that nobody else needs.
 * Undefined when that was done; otherwise what e2fsck said.
 */
export async function replayJournal(shell: Shell, path: string, context: CallContext): Promise<string | undefined> {
  const allowedExitCodes = Array.from({ length: 256 }, (_, status) => status);
  const options = { signal: context.signal, timeoutMs: REPLAY_MS, allowedExitCodes };
  const work = shell.run('sh', ['-c', REPLAY, 'imprint-replay', path], options);
  const { exitCode, stdout, stderr } = await keepAlive(context, { what: 'Replay the journal of the disk' }, work);
  // e2fsck(8): 1 says that something was corrected, and a journal that is broken is "corrected" by throwing it away.
  if (exitCode === 0) return undefined;
  return `e2fsck: ${`${stdout}${stderr}`.trim().slice(-300)} (exit status ${String(exitCode)})`;
}
