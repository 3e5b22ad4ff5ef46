import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { UnavailableError } from '../domain/errors.ts';
import { findProcess } from './process-file.ts';
import { startTimeOf } from './process-identity.ts';

const pollMs = 100;

/**
 * Runs `work` while no other process does so under the same lock file, so that two starts of one service do not meet. A lock whose process
 * is gone is taken over. Throws UnavailableError when a living process keeps the lock for longer than `limitMs`.
 */
export async function withStartLock<T>(lockFile: string, limitMs: number, work: () => Promise<T>): Promise<T> {
  const mine = `${lockFile}.${String(process.pid)}`;
  const startTime = (await startTimeOf(process.pid)) ?? 'unknown';
  await writeFile(mine, JSON.stringify({ pid: process.pid, startTime }), { mode: 0o600 });
  try {
    await takeLock(mine, lockFile, Date.now() + limitMs);
    try {
      return await work();
    } finally {
      await rm(lockFile, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function takeLock(mine: string, lockFile: string, deadline: number): Promise<void> {
  while (!(await isLinked(mine, lockFile))) {
    const holder = await findProcess(lockFile);
    if (holder === undefined) await removeStale(lockFile, `${mine}.stale`);
    else if (Date.now() > deadline) {
      throw new UnavailableError(`could not take ${lockFile}: process ${String(holder.pid)} holds it`);
    } else await delay(pollMs);
  }
}

/** A link either makes the whole file or fails, so a lock is never seen half-written. */
async function isLinked(mine: string, lockFile: string): Promise<boolean> {
  try {
    await link(mine, lockFile);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Another process may have replaced the stale lock by its own since it was read: that one is put back. */
async function removeStale(lockFile: string, aside: string): Promise<void> {
  await rename(lockFile, aside).catch(() => undefined);
  const taken = await readFile(aside, 'utf8').catch(() => undefined);
  if (taken === undefined) return;
  if ((await findProcess(aside)) !== undefined) await link(aside, lockFile).catch(() => undefined);
  await rm(aside, { force: true });
}
