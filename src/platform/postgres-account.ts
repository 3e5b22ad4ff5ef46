import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { execa } from 'execa';
import { CommandFailedError, UnsupportedError } from '../domain/errors.ts';
import { findCommand } from './commands.ts';
import { ensureSystemAccount } from './system-account.ts';

/** Runs PostgreSQL's programs, which refuse to run as root. */
export interface PostgresAccount {
  /** Owner of the data directory; absent where it is whoever runs this process. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  run(file: string, args: readonly string[], surroundings: Surroundings): Promise<void>;
}

export interface Surroundings {
  /** File descriptor that takes what the program prints, and the server that it starts after it. */
  readonly log: number;
  readonly env?: Readonly<Record<string, string>>;
}

const ACCOUNT = 'postgres';

/**
 * The account that PostgreSQL runs under: this process's own, or `postgres` where this process is root; that is made when it is missing.
 * Where root's directories keep `postgres` from `paths` (a clone under /root), it gets the capability to pass through them.
 */
export async function findPostgresAccount(paths: readonly string[]): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) return { run: (file, args, around) => run([file, ...args], around) };
  const owner = await ensureSystemAccount(ACCOUNT, { without: 'root cannot run PostgreSQL' });
  const reachable = await Promise.all(paths.map((path) => isReachable(path)));
  const capabilities = reachable.includes(false) ? await findCapability(owner) : [];
  const prefix = [await commandPath('setpriv'), ...identity(owner), ...capabilities, '--'];
  return { owner, run: (file, args, around) => run([...prefix, file, ...args], around) };
}

/** Whether everybody may pass through every directory above the path. */
async function isReachable(path: string): Promise<boolean> {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    if (((await stat(directory)).mode & 0o001) === 0) return false;
    if (directory === dirname(directory)) return true;
  }
}

/** Reading alone is enough; containers often have only the wider capability. */
async function findCapability(owner: { uid: number; gid: number }): Promise<readonly string[]> {
  const setpriv = await commandPath('setpriv');
  for (const capability of ['dac_read_search', 'dac_override']) {
    // PostgreSQL asks access(2) for its binaries, which ignores the capabilities of a process that is not root unless this bit is set.
    const options = [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, '--securebits=+no_setuid_fixup'];
    const tried = await execa(setpriv, [...identity(owner), ...options, '--', 'true'], { reject: false });
    if (!tried.failed) return options;
  }
  throw new UnsupportedError(
    `account ${ACCOUNT} may not enter the state directory or node_modules; move them to where everybody may, or set DATABASE_URL`,
  );
}

/** These lie where the PATH of a root shell may not lead. */
async function commandPath(name: string): Promise<string> {
  const found = await findCommand(name);
  if (found !== undefined) return found;
  throw new UnsupportedError(`could not find ${name}, without which root cannot run PostgreSQL; or set DATABASE_URL`);
}

function identity({ uid, gid }: { uid: number; gid: number }): readonly string[] {
  return [`--reuid=${String(uid)}`, `--regid=${String(gid)}`, '--clear-groups'];
}

/** No pipes: the server inherits what pg_ctl prints to, so waiting for the end of a pipe would be waiting for the server's end. */
async function run(command: readonly string[], { log, env }: Surroundings): Promise<void> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    stdio: ['ignore', log, log],
    cwd: '/',
    env: { ...process.env, ...env, LC_ALL: 'C' },
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new CommandFailedError(`could not run ${file}`, { evidence: { status } });
}
