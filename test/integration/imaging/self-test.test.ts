import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveEntry } from '../../../src/imaging/environment/archive.ts';
import { testEnvironment } from '../../../src/imaging/environment/self-test.ts';
import { librariesOf, readInside } from '../../../src/imaging/environment/stage.ts';
import { skipWithout } from '../../support/unavailable.ts';

const programs = ['/usr/bin/openssl', '/usr/bin/curl'] as const;

let directory: string;

beforeEach(async (context) => {
  skipWithout(context, 'imaging');
  directory = await mkdtemp(join(tmpdir(), 'imprint-self-test-'));
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

/** Programs of this host with their libraries, as the environment would hold them. */
async function entriesOf(isKept: (path: string) => boolean): Promise<readonly ArchiveEntry[]> {
  const libraries = await Promise.all(programs.map(async (program) => await librariesOf('/', program)));
  const paths = [...new Set([...programs, ...libraries.flat()])].filter(isKept);
  return await Promise.all(
    paths.map(async (path) => {
      return { path: path.slice(1), kind: 'file', content: await readInside('/', path), executable: true } as const;
    }),
  );
}

const test = async (entries: readonly ArchiveEntry[]): Promise<void> =>
  await testEnvironment(entries, programs, join(directory, 'root'));

describe('the self-test of the imaging environment', () => {
  it('names the program whose library is left out, and the library', async () => {
    const entries = await entriesOf((path) => !path.includes('/libcurl.so'));
    const outcome = test(entries);
    await expect(outcome).rejects.toThrow(
      /^check the imaging environment: \/usr\/bin\/curl ended with 127: .*libcurl\.so\.\d+: cannot open shared object file/,
    );
    await expect(outcome).rejects.not.toThrow('/usr/bin/openssl');
    expect(await readdir(directory)).toEqual([]);
  });

  it('names a program that is left out itself', async () => {
    const entries = await entriesOf((path) => path !== '/usr/bin/openssl');
    await expect(test(entries)).rejects.toThrow(/\/usr\/bin\/openssl ended with 127/);
  });

  it('has nothing to say of programs that have their libraries', async () => {
    await test(await entriesOf(() => true));
    expect(await readdir(directory)).toEqual([]);
  });
});
