import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restoreSymlinks } from '../../../src/platform/postgres-binaries.ts';

let packageDirectory: string;
let native: string;
beforeEach(async () => {
  packageDirectory = await mkdtemp(join(tmpdir(), 'imprint-binaries-'));
  native = join(packageDirectory, 'native');
  await mkdir(join(native, 'lib'), { recursive: true });
  await writeFile(join(native, 'lib/libpq.so.5.18'), 'library');
});
afterEach(() => rm(packageDirectory, { recursive: true }));

describe('restoreSymlinks', () => {
  it('makes the links that npm did not, also when some are there or two do it at once', async () => {
    const links = ['native/lib/libpq.so', 'native/lib/libpq.so.5'];
    const list = links.map((target) => ({ source: 'native/lib/libpq.so.5.18', target }));
    await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(list));
    await expect(readFile(join(packageDirectory, 'native/lib/libpq.so'))).rejects.toThrow('ENOENT');
    await Promise.all([restoreSymlinks(native), restoreSymlinks(native)]);
    await rm(join(packageDirectory, 'native/lib/libpq.so'));
    await restoreSymlinks(native);
    for (const link of links) expect(await readlink(join(packageDirectory, link))).toBe('libpq.so.5.18');
  });

  it('has nothing to do where the package has no list (Windows)', async () => {
    await restoreSymlinks(native);
  });
});
