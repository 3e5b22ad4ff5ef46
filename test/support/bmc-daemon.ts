import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface Daemon {
  /** Ends it and what it started; of one that is gone: success. */
  stop(): Promise<void>;
}

export interface DaemonCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Absolute; what it prints. */
  readonly log: string;
}

/** Starts a daemon that stays in the foreground, in a process group of its own. */
export function startDaemon({ file, args, env = {}, log }: DaemonCommand): Daemon {
  const output = openSync(log, 'a');
  const child = spawn(file, [...args], {
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...process.env, ...env },
  });
  closeSync(output);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  return {
    stop: async () => {
      endGroup(child, 'SIGTERM');
      const patience = setTimeout(() => endGroup(child, 'SIGKILL'), 3_000);
      await gone;
      clearTimeout(patience);
      // What it started may have outlived it.
      endGroup(child, 'SIGKILL');
    },
  };
}

/** For the message of a test that waited in vain. */
export async function tailOf(log: string): Promise<string> {
  return (await readFile(log, 'utf8').catch(() => '')).slice(-1_000);
}

function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone.
  }
}
