import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { CommandFailedError, UnavailableError } from '../../domain/errors.ts';

const HELD = 'held\n';
const BUSY = 75;

/** Holds the lock for as long as its standard input is open: until it is given back, or until this process ends in whatever way. */
const HOLD = `
exec 9<"$1"
flock -n 9 || exit ${String(BUSY)}
echo held
cat >/dev/null
`;

/**
 * Locks an existing file of this host for one writer, also against other processes. Resolves with the function that gives it back.
 * UnavailableError while somebody else has it.
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const holder = spawn('sh', ['-c', HOLD, 'imprint-lock', path], { stdio: ['pipe', 'pipe', 'ignore'], cwd: '/' });
  const ended = once(holder, 'close');
  const held = once(holder.stdout, 'data').then(([text]) => String(text) === HELD);
  const outcome = await Promise.race([held, ended.then(([code]) => code as number | null)]);
  if (outcome === true) {
    return async () => {
      holder.stdin.end();
      await ended;
    };
  }
  if (outcome === BUSY) throw new UnavailableError(`lock ${path}: somebody else writes to it`);
  throw new CommandFailedError(`lock ${path}: flock ended with ${String(outcome)}`);
}
