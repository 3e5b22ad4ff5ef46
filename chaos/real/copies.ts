import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lives } from '../../test/support/lives.ts';
import { ownerOfKey } from '../../src/library/paths.ts';

/** A process of this host that copies, or copied, a disk into staging. */
export interface SeenCopy {
  readonly pid: number;
  /** The file that it writes. */
  readonly target: string;
  /** In milliseconds since 1970. */
  readonly seenAt: number;
}

/** Every copy that was begun: the processes of this host are looked at twenty times a second. A copy lives for seconds. */
export interface CopyWatch {
  seen(): readonly SeenCopy[];
  running(): readonly SeenCopy[];
  stop(): Promise<void>;
}

const everyMs = 50;

/** So long a new process may be what forked it, before it becomes what it is to be. */
const settledMs = 10_000;

export function watchCopies(library: string): CopyWatch {
  const seen: SeenCopy[] = [];
  const known = new Map<string, { readonly since: number; done: boolean }>();
  const state = { stopped: false };
  const look = async (pid: string): Promise<void> => {
    const process = known.get(pid) ?? { since: Date.now(), done: false };
    known.set(pid, process);
    if (process.done) return;
    const target = copyTarget(await commandOf(pid), library);
    process.done = target !== undefined || Date.now() - process.since > settledMs;
    if (target !== undefined) seen.push({ pid: Number(pid), target, seenAt: Date.now() });
  };
  const watching = (async () => {
    while (!state.stopped) {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
      for (const pid of known.keys()) if (!pids.includes(pid)) known.delete(pid);
      for (const pid of pids) await look(pid);
      await sleep(everyMs);
    }
  })();
  return {
    seen: () => seen,
    running: () => seen.filter(({ pid }) => known.get(String(pid))?.done === true && lives(pid)),
    stop: async () => {
      state.stopped = true;
      await watching;
    },
  };
}

/** What a command line of `qemu-img convert` writes, where that lies in the library's staging. */
export function copyTarget(words: readonly string[], library: string): string | undefined {
  const target = words.findLast((word) => word !== '');
  const isCopy = words[0] === 'qemu-img' && words[1] === 'convert';
  return isCopy && target?.startsWith(`${library}/.staging/`) === true ? target : undefined;
}

/** The run that a file in staging belongs to. */
export function runOfTarget(target: string): string {
  return ownerOfKey(basename(dirname(target))) ?? target;
}

/** What a file takes on its disk; 0 where it is gone. */
export async function bytesIn(path: string): Promise<number> {
  return await stat(path).then(
    ({ blocks }) => blocks * 512,
    () => 0,
  );
}

/** The session of a process: its job leads one of its own. Undefined when it is gone. */
export async function sessionOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
  // proc(5): the session is field 6, and the state, which comes first here, is field 3.
  const session = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[3]);
  return session > 1 ? session : undefined;
}

async function commandOf(pid: string): Promise<readonly string[]> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
}
