import { createHash, randomUUID } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { holdLock } from './kernel-lock.ts';
import type { Change, WorldStore } from './store.ts';

/**
 * A world in a directory of small files: it outlives the processes that use it, as machines outlive the workers that drive them. A file is
 * replaced by rename, so that a killed process leaves either text; the lock of a killed process is let go by the kernel.
 */
export function directoryStore(directory: string): WorldStore {
  const root = resolve(directory);
  const pathOf = (key: string): string => join(root, `${key}.json`);
  return {
    read: (key) => readText(pathOf(key)),
    update: async (key, change) => {
      const unlock = await holdLock(lockName(root, key));
      try {
        return await replace(pathOf(key), change);
      } finally {
        await unlock();
      }
    },
    append: async (key, line) => {
      await mkdir(root, { recursive: true });
      await appendFile(pathOf(key), `${line}\n`);
    },
    list: async (folder) => await namesIn(join(root, folder)),
  };
}

async function replace<Result>(path: string, change: (text: string | undefined) => Change<Result>): Promise<Result> {
  const before = await readText(path);
  const { text, result } = change(before);
  if (text === before) return result;
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomUUID()}`;
  await writeFile(fresh, text);
  await rename(fresh, path);
  return result;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    const files = await readdir(directory);
    return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function lockName(root: string, key: string): string {
  return createHash('sha256').update(`${root}\n${key}`).digest('hex').slice(0, 32);
}
