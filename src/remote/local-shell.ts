import { homedir } from 'node:os';
import { UnavailableError } from '../domain/errors.ts';
import { tooMuchOutput, type Command, type Execution } from './execution.ts';
import { launchHere, type Ended, type Launch } from './launch.ts';
import { stoppedAfter } from './limits.ts';
import { createShellOver } from './shell-over.ts';
import type { Shell } from './shell.ts';

const HOST = 'this host';

/** As a login over SSH has it. The worker's own environment holds secrets and settings that are nobody else's business. */
const LOGIN_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: homedir(),
};

/** What a shell reports for a file that is missing or cannot be executed; the same is said here, as over SSH. */
const SPAWN_EXIT_CODES: Readonly<Record<string, number>> = { ENOENT: 127, EACCES: 126, ENOEXEC: 126 };

export interface LocalShellOptions {
  /** For every command, over what a login has (PATH of the system's directories, HOME). */
  readonly environment?: Readonly<Record<string, string>>;
  /** Who starts the commands. Default: this process. */
  readonly launch?: Launch;
}

/**
 * A shell on the host where this process runs. Each command has a process group of its own, which is ended (SIGTERM, SIGKILL two
 * seconds later) when the caller aborts or the time limit passes. Its working directory is `/`.
 */
export function createLocalShell({ environment = {}, launch = launchHere }: LocalShellOptions = {}): Shell {
  const login = { ...LOGIN_ENVIRONMENT, ...environment };
  return createShellOver(HOST, async (command, signal) => {
    const { file, args, stdin } = command;
    try {
      const ended = await launch({ file, args, stdin, env: { ...login, ...command.env } }, signal);
      return toExecution(command, ended);
    } catch (error) {
      throw signal.aborted ? stoppedAfter(signal, `${command.text} on ${HOST}`) : error;
    }
  });
}

function toExecution(command: Command, ended: Ended): Execution {
  const { exitCode, killedBy, notStarted } = ended;
  const stdout = Buffer.from(ended.stdout);
  const stderr = Buffer.from(ended.stderr);
  if (ended.tooMuchOutput) throw tooMuchOutput(command, HOST);
  if (exitCode !== undefined) return { ending: { exitCode }, stdout, stderr };
  if (killedBy !== undefined) return { ending: { killedBy }, stdout, stderr };
  const { code, message } = notStarted ?? { code: '', message: 'unknown' };
  const missing = SPAWN_EXIT_CODES[code];
  if (missing === undefined)
    throw new UnavailableError(`could not start ${command.text}`, { cause: new Error(message) });
  return { ending: { exitCode: missing }, stdout, stderr: Buffer.from(`${command.file}: ${code}\n`) };
}
