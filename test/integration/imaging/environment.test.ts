import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureEnvironment, rebuildEnvironment } from '../../../src/imaging/environment/build.ts';
import { sha256Of } from '../../support/sha256.ts';
import { skipWithout } from '../../support/unavailable.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'imprint-environment-'));
});
afterAll(async () => await rm(root, { recursive: true, force: true }));
beforeEach((context) => skipWithout(context, 'imaging'));

/** Which files lie below a directory, and since when. */
async function filesBelow(directory: string): Promise<readonly (readonly [name: string, inode: number, ms: number])[]> {
  const names = (await readdir(directory, { recursive: true })).sort();
  return await Promise.all(
    names.map(async (name) => {
      const { ino, mtimeMs } = await stat(join(directory, name));
      return [name, ino, mtimeMs] as const;
    }),
  );
}

describe('the imaging environment', () => {
  it('is the same to the byte when it is built twice from the packages of one day', async () => {
    const build = async (name: string) => {
      const { kernel, initrd, digest } = await rebuildEnvironment(join(root, name));
      return { kernel: await sha256Of(kernel), initrd: await sha256Of(initrd), digest };
    };
    const first = await build('first');
    expect(await build('second')).toEqual(first);
  }, 600_000);

  it('is not built again where it is built', async () => {
    const directory = join(root, 'second');
    const built = await ensureEnvironment(directory);
    const before = await filesBelow(directory);
    expect(before.map(([name]) => name.split('/').at(-1))).toEqual(
      expect.arrayContaining(['environment.json', 'initrd', 'kernel']),
    );

    expect(await ensureEnvironment(directory)).toEqual(built);
    expect(await filesBelow(directory)).toEqual(before);
  }, 600_000);
});
