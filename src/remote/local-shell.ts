import { homedir } from 'node:os';
import { execa } from 'execa';
import { UnavailableError } from '../domain/errors.ts';
import { OUTPUT_LIMIT_BYTES, tooMuchOutput, type Command, type Execution } from './execution.ts';
import { stoppedAfter, within } from './limits.ts';
import { createShellOver } from './shell-over.ts';
import type { Shell } from './shell.ts';

const HOST = 'this host';

/** As a login over SSH has it. The worker's own environment holds secrets and settings that are nobody else's business. */
const LOGIN_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: homedir(),
};

/** From SIGTERM to SIGKILL, and from there until the command is left alone with what the kernel makes of it. */
const GRACE_MS = 2000;

/** What a shell reports for a file that is missing or cannot be executed; the same is said here, as over SSH. */
const SPAWN_EXIT_CODES: Readonly<Record<string, number>> = { ENOENT: 127, EACCES: 126, ENOEXEC: 126 };

export interface LocalShellOptions {
  /** For every command, over what a login has (PATH of the system's directories, HOME). */
  readonly environment?: Readonly<Record<string, string>>;
}

const LAUNCH = {
  extendEnv: false,
  cwd: '/',
  // A process group of its own, so that its children can be ended with it.
  detached: true,
  cleanup: false,
  encoding: 'buffer',
  stripFinalNewline: false,
  reject: false,
  maxBuffer: OUTPUT_LIMIT_BYTES,
} as const;

/** The part of execa's result that is looked at; `code` and `cause` are there when the process could not be started. */
interface Ended {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
  readonly cause?: unknown;
  readonly isMaxBuffer: boolean;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/**
 * A shell on the host where this process runs. Each command has a process group of its own, which is ended (SIGTERM, SIGKILL two
 * seconds later) when the caller aborts or the time limit passes. Its working directory is `/`.
 */
export function createLocalShell(options: LocalShellOptions = {}): Shell {
  const environment = { ...LOGIN_ENVIRONMENT, ...options.environment };
  return createShellOver(HOST, (command, signal) => execute(command, { ...environment, ...command.env }, signal));
}

async function execute(
  command: Command,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Execution> {
  const child = execa(command.file, command.args, {
    ...(command.stdin ? { input: command.stdin } : { stdin: 'ignore' }),
    ...LAUNCH,
    env,
  });
  try {
    return toExecution(command, await within(signal, child));
  } catch (error) {
    await endGroup(child.pid, child);
    throw signal.aborted ? stoppedAfter(signal, `${command.text} on ${HOST}`) : error;
  }
}

function toExecution(command: Command, result: Ended): Execution {
  const stdout = Buffer.from(result.stdout);
  const stderr = Buffer.from(result.stderr);
  if (result.isMaxBuffer) throw tooMuchOutput(command, HOST);
  if (result.exitCode !== undefined) return { ending: { exitCode: result.exitCode }, stdout, stderr };
  if (result.signal !== undefined) return { ending: { killedBy: result.signal }, stdout, stderr };
  const exitCode = SPAWN_EXIT_CODES[result.code ?? ''];
  if (exitCode === undefined) throw new UnavailableError(`could not start ${command.text}`, { cause: result.cause });
  return { ending: { exitCode }, stdout, stderr: Buffer.from(`${command.file}: ${result.code ?? ''}\n`) };
}

async function endGroup(pid: number | undefined, ended: Promise<unknown>): Promise<void> {
  if (pid === undefined) return;
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    signalGroup(pid, name);
    if (await endsWithin(GRACE_MS, ended)) return;
  }
}

async function endsWithin(milliseconds: number, ended: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const inTime = await Promise.race([ended.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

function signalGroup(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    // The whole group has ended meanwhile, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
