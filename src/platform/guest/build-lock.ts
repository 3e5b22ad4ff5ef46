import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 500;

/** Runs `work` while no other process does the same; a lock whose process is gone is taken over. */
export async function withBuildLock<T>(
  path: string,
  report: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  let told = false;
  while (!(await take(path))) {
    if (!told) report('Waiting for another process that builds the guest image');
    told = true;
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await isHeld(path)) return false;
    await rm(path, { force: true });
    return false;
  }
}

async function isHeld(path: string): Promise<boolean> {
  const owner = Number(await readFile(path, 'utf8').catch(() => ''));
  // An empty file belongs to a process that is just writing it, or that died there; the first is over in no time.
  if (!Number.isInteger(owner) || owner <= 0) return false;
  try {
    process.kill(owner, 0);
    return true;
  } catch {
    return false;
  }
}
