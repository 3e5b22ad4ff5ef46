import { cp, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ensureEnvironment,
  rebuildEnvironment,
  type BuiltEnvironment,
} from '../../../src/imaging/environment/build.ts';
import { openStateDirectory } from '../../../src/platform/state-directory.ts';
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

async function bytesOf({ kernel, initrd, digest }: BuiltEnvironment) {
  return { kernel: await sha256Of(kernel), initrd: await sha256Of(initrd), digest };
}

describe('the imaging environment', () => {
  it('is built again where a file of it was cut, and is the same to the byte then', async () => {
    const whole = await ensureEnvironment(await (await openStateDirectory()).directory('imaging'));
    const cached = await bytesOf(whole);
    await cp(dirname(whole.kernel), join(root, 'built', basename(dirname(whole.kernel))), { recursive: true });
    const copy = await ensureEnvironment(join(root, 'built'));
    await truncate(copy.initrd, 1_000_000);
    const built = await bytesOf(await ensureEnvironment(join(root, 'built')));
    // Debian may have newer packages than those that the cached one was built of: then it is built once more.
    const other =
      cached.digest === built.digest ? cached : await bytesOf(await rebuildEnvironment(join(root, 'again')));
    expect(built).toEqual(other);
  }, 600_000);

  it('is not built again where it is built', async () => {
    const directory = join(root, 'built');
    const built = await ensureEnvironment(directory);
    const before = await filesBelow(directory);
    expect(before.map(([name]) => name.split('/').at(-1))).toEqual(
      expect.arrayContaining(['environment.json', 'initrd', 'kernel']),
    );

    expect(await ensureEnvironment(directory)).toEqual(built);
    expect(await filesBelow(directory)).toEqual(before);
  }, 600_000);
});
