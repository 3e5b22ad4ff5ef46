import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../src/domain/image.ts';
import { sha256Of } from '../test/support/sha256.ts';

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
    const { disks } = await manifestOf(library, name);
    const sums = await Promise.all(disks.map(async ({ file }) => await sha256Of(join(library, name, file))));
    const wrong = disks.filter(({ sha256 }, index) => sha256 !== sums[index]);
    return wrong.length === 0 ? undefined : `wrong checksum of ${wrong.map(({ file }) => file).join(', ')}`;
  } catch (error) {
    return String(error);
  }
}
