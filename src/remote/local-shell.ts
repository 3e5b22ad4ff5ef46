import { execa, type Result } from 'execa';
import { UnavailableError } from '../domain/errors.ts';
import { OUTPUT_LIMIT_BYTES, tooMuchOutput, type Command, type Execution } from './execution.ts';
import { stoppedAfter, within } from './limits.ts';
import { createShellOver } from './shell-over.ts';
import type { Shell } from './shell.ts';

const HOST = 'this host';

/** What a command gets of the worker's environment. The rest holds secrets and settings that are nobody else's business. */
const INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'TZ', 'XDG_RUNTIME_DIR'];

/** From SIGTERM to SIGKILL, and from there until the command is left alone with what the kernel makes of it. */
const GRACE_MS = 2000;

/** What a shell reports for a file that is missing or cannot be executed; the same is said here, as over SSH. */
const SPAWN_EXIT_CODES: Readonly<Record<string, number>> = { ENOENT: 127, EACCES: 126, ENOEXEC: 126 };

export interface LocalShellOptions {
  /** Where the inherited variables are taken from. Default: the environment of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

type Ended = Result<{ encoding: 'buffer'; reject: false }>;

/**
 * A shell on the host where this process runs. Each command has a process group of its own, which is ended (SIGTERM, SIGKILL two
 * seconds later) when the caller aborts or the time limit passes. Its working directory is `/`.
 */
export function createLocalShell(options: LocalShellOptions = {}): Shell {
  const environment = options.environment ?? process.env;
  const inherited = Object.fromEntries(INHERITED.flatMap((name) => [[name, environment[name]]]));
  return createShellOver(HOST, (command, signal) => execute(command, { ...inherited, ...command.env }, signal));
}

async function execute(
  command: Command,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Execution> {
  const child = execa(command.file, command.args, {
    ...(command.stdin ? { input: command.stdin } : { stdin: 'ignore' }),
    env: { ...env },
    extendEnv: false,
    cwd: '/',
    detached: true,
    cleanup: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    maxBuffer: OUTPUT_LIMIT_BYTES,
  });
  try {
    return toExecution(command, await within(signal, child as Promise<Ended>));
  } catch (error) {
    await endGroup(child.pid, child as Promise<unknown>);
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
