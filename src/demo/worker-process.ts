import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UnavailableError } from '../domain/errors.ts';
import { findProcess, startDetached, stopProcess } from '../platform/process-file.ts';
import { packageRoot } from '../platform/state-directory.ts';

/** A worker in a process of its own, as a service manager would run it. */
export interface WorkerProcess {
  readonly pid: number;
  /** SIGKILL: nothing of the worker gets a chance to tidy up. */
  kill(): Promise<void>;
  /** SIGTERM: it drains. */
  stop(): Promise<void>;
}

/** Where a worker's output goes, and the file by which a later process finds it. */
export interface WorkerFiles {
  readonly logFile: string;
  readonly processFile: string;
}

/** Bundling the workflows takes a few seconds on a slow machine. */
const readyWithinMs = 120_000;

/** Starts `imprint worker` and waits until it says that it is ready. */
export async function startWorker(env: Readonly<Record<string, string>>, files: WorkerFiles): Promise<WorkerProcess> {
  const from = (await logOf(files)).length;
  const args = ['--import', 'tsx', join(packageRoot(), 'src/cli/main.ts'), 'worker'];
  const { pid } = await startDetached({ file: process.execPath, args, env, directory: packageRoot(), ...files });
  await ready(files, from);
  return {
    pid,
    kill: async () => {
      process.kill(pid, 'SIGKILL');
      while ((await findProcess(files.processFile)) !== undefined) await delay(20);
    },
    stop: async () => await stopProcess(files.processFile, 40_000),
  };
}

async function ready(files: WorkerFiles, from: number): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const said = (await logOf(files)).slice(from);
    if (said.includes('Worker is ready')) return;
    if ((await findProcess(files.processFile)) === undefined || Date.now() > deadline) {
      throw new UnavailableError(`start the worker: it did not become ready; see ${files.logFile}`, {
        evidence: { log: said.slice(-2_000) },
      });
    }
    await delay(100);
  }
}

async function logOf({ logFile }: WorkerFiles): Promise<string> {
  return await readFile(logFile, 'utf8').catch(() => '');
}
