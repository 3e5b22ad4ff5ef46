import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { OUTPUT_LIMIT_BYTES } from './execution.ts';
import { within } from './limits.ts';

/** A program to be run on this host. */
export interface Order {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array | undefined;
}

/** How a program on this host ended. */
export interface Ended {
  readonly exitCode?: number;
  /** The signal that killed it. */
  readonly killedBy?: string;
  /** Why it could not be started: `ENOENT`. */
  readonly notStarted?: { readonly code: string; readonly message: string };
  /** It wrote more than the limit to one of its outputs, and was stopped there. */
  readonly tooMuchOutput: boolean;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/**
 * Runs a program to its end, in a process group of its own. When `signal` aborts, the group is ended (SIGTERM, SIGKILL two seconds later), and the
 * signal's reason is thrown.
 */
export type Launch = (order: Order, signal: AbortSignal) => Promise<Ended>;

/** From SIGTERM to SIGKILL, and from there until the command is left alone with what the kernel makes of it. */
const GRACE_MS = 2000;

const OPTIONS = {
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

/** As a child of this process. */
export const launchHere: Launch = async ({ file, args, env, stdin }, signal) => {
  const child = execa(file, args, { ...(stdin ? { input: stdin } : { stdin: 'ignore' }), ...OPTIONS, env });
  try {
    return describe(await within(signal, child));
  } catch (error) {
    await endGroup(child.pid, child);
    throw error;
  }
};

/** The part of execa's result that is looked at; `code` and `cause` are there when the process could not be started. */
interface Result {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
  readonly cause?: unknown;
  readonly isMaxBuffer: boolean;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

function describe({ exitCode, signal, code = '', cause, isMaxBuffer, stdout, stderr }: Result): Ended {
  // What is refused is not carried any further.
  if (isMaxBuffer) return { tooMuchOutput: true, stdout: new Uint8Array(), stderr: new Uint8Array() };
  const outputs = { tooMuchOutput: false, stdout, stderr };
  if (exitCode !== undefined) return { ...outputs, exitCode };
  if (signal !== undefined) return { ...outputs, killedBy: signal };
  return { ...outputs, notStarted: { code, message: cause instanceof Error ? cause.message : code } };
}

async function endGroup(pid: number | undefined, ended: Promise<unknown>): Promise<void> {
  if (pid === undefined) return;
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    signalGroup(pid, name);
    if (await endsWithin(GRACE_MS, ended)) return;
  }
}

async function endsWithin(milliseconds: number, ended: Promise<unknown>): Promise<boolean> {
  const waiting = new AbortController();
  const late = delay(milliseconds, false, { signal: waiting.signal }).catch(() => false);
  const inTime = await Promise.race([ended.then(() => true), late]);
  waiting.abort();
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
