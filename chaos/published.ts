import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../src/domain/image.ts';

/** Names of the directories that loads may find in the library: `image-k00001-v1`. */
export async function publishedNames(library: string): Promise<readonly string[]> {
  const names = await readdir(library);
  return names.filter((name) => /-v\d+$/.test(name) && !name.startsWith('.'));
}

export async function manifestOf(library: string, name: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(library, name, 'manifest.json'), 'utf8')) as Manifest;
}

/** Text of each disk file, by its name. */
export async function disksOf(library: string, name: string): Promise<ReadonlyMap<string, string>> {
  const { disks } = await manifestOf(library, name);
  const texts = disks.map(async ({ file }) => [file, await readFile(join(library, name, file), 'utf8')] as const);
  return new Map(await Promise.all(texts));
}

/** What is wrong with a published directory; undefined when it is whole and its checksums are right. */
export async function damageOf(library: string, name: string): Promise<string | undefined> {
  try {
    const texts = await disksOf(library, name);
    const { disks } = await manifestOf(library, name);
    const wrong = disks.filter(({ file, sha256 }) => sha256Of(texts.get(file) ?? '') !== sha256);
    return wrong.length === 0 ? undefined : `wrong checksum of ${wrong.map(({ file }) => file).join(', ')}`;
  } catch (error) {
    return String(error);
  }
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
