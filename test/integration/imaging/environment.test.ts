import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rebuildEnvironment } from '../../../src/imaging/environment/build.ts';
import { sha256Of } from '../../support/sha256.ts';
import { skipWithout } from '../../support/unavailable.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'imprint-environment-'));
});
afterAll(async () => await rm(root, { recursive: true, force: true }));
beforeEach((context) => skipWithout(context, 'imaging'));

describe('the imaging environment', () => {
  it('is the same to the byte when it is built twice from the packages of one day', async () => {
    const build = async (name: string) => {
      const { kernel, initrd, digest } = await rebuildEnvironment(join(root, name));
      return { kernel: await sha256Of(kernel), initrd: await sha256Of(initrd), digest };
    };
    const first = await build('first');
    expect(await build('second')).toEqual(first);
  }, 600_000);
});
