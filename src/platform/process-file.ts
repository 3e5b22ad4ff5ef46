import { spawn } from 'node:child_process';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { UnavailableError } from '../domain/errors.ts';
import { startTimeOf } from './process-identity.ts';

/** A process that outlives its starter, as the file remembers it. A process number is given out again; number and start time are not. */
export interface RememberedProcess {
  readonly pid: number;
  readonly startTime: string;
}

const rememberedProcess = z.object({ pid: z.number().int().positive(), startTime: z.string().min(1) });

export interface DetachedCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  readonly processFile: string;
}

/** Starts a command in a session of its own and remembers it in `processFile`. Throws UnavailableError when it ends at once. */
export async function startDetached(command: DetachedCommand): Promise<RememberedProcess> {
  const log = await open(command.logFile, 'a', 0o600);
  try {
    const pid = await spawnDetached(command, log.fd);
    const startTime = await startTimeOf(pid);
    if (startTime === undefined) {
      throw new UnavailableError(`could not start ${command.file}: it ended at once; see ${command.logFile}`);
    }
    return await rememberProcess(command.processFile, { pid, startTime });
  } finally {
    await log.close();
  }
}

async function spawnDetached(command: DetachedCommand, log: number): Promise<number> {
  const child = spawn(command.file, command.args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...command.env },
    ...(command.directory === undefined ? {} : { cwd: command.directory }),
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new UnavailableError(`could not start ${command.file}`, { cause })));
  });
  child.unref();
  if (child.pid === undefined) throw new UnavailableError(`could not start ${command.file}: it has no process number`);
  return child.pid;
}

/** Remembers a process that another library started, so that it can be found and stopped by a later process. */
export async function rememberProcess(processFile: string, known: RememberedProcess): Promise<RememberedProcess> {
  const partial = `${processFile}.${String(process.pid)}`;
  await writeFile(partial, `${JSON.stringify(known)}\n`, { mode: 0o600 });
  await rename(partial, processFile);
  return known;
}

/** The remembered process when it is alive and still the same one; undefined otherwise. */
export async function findProcess(processFile: string): Promise<RememberedProcess | undefined> {
  const known = await readProcessFile(processFile);
  if (known === undefined) return undefined;
  return (await startTimeOf(known.pid)) === known.startTime ? known : undefined;
}

async function readProcessFile(processFile: string): Promise<RememberedProcess | undefined> {
  try {
    return rememberedProcess.parse(JSON.parse(await readFile(processFile, 'utf8')));
  } catch {
    // Missing, or cut while it was written: in both cases nothing is known that could be stopped safely.
    return undefined;
  }
}

/**
 * Asks the remembered process to end, forces it after `graceMs`, and forgets it. Does nothing when it is gone already. Throws
 * UnavailableError when it is still alive 5 s after it was forced (it hangs in the kernel).
 */
export async function stopProcess(processFile: string, graceMs = 10_000): Promise<void> {
  const known = await findProcess(processFile);
  if (known !== undefined && !(await signalAndWait(known, 'SIGTERM', graceMs))) {
    if (!(await signalAndWait(known, 'SIGKILL', 5_000))) {
      throw new UnavailableError(`could not stop process ${String(known.pid)}: it does not end`);
    }
  }
  await rm(processFile, { force: true });
}

/** Sends a signal and says whether the process ended within the limit. */
async function signalAndWait(known: RememberedProcess, signal: NodeJS.Signals, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  send(known.pid, signal);
  while (Date.now() < deadline) {
    if ((await startTimeOf(known.pid)) !== known.startTime) return true;
    await delay(50);
  }
  return (await startTimeOf(known.pid)) !== known.startTime;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
