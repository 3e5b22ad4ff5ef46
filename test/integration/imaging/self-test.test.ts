import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveEntry } from '../../../src/imaging/environment/archive.ts';
import { agentFiles } from '../../../src/imaging/environment/contents.ts';
import { environmentRecipe } from '../../../src/imaging/environment/recipe.ts';
import { testEnvironment } from '../../../src/imaging/environment/self-test.ts';
import { filesBelow, librariesOf, readInside } from '../../../src/imaging/environment/stage.ts';
import { packageRoot } from '../../../src/platform/state-directory.ts';
import { skipWithout } from '../../support/unavailable.ts';

const programs = ['/usr/bin/openssl', '/usr/bin/curl'] as const;

const agentDirectory = join(packageRoot(), 'src/imaging/environment/agent');

let directory: string;

beforeEach(async (context) => {
  skipWithout(context, 'imaging');
  directory = await mkdtemp(join(tmpdir(), 'imprint-self-test-'));
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

/** Programs of this host with their libraries, as the environment would hold them. */
async function entriesOf(isKept: (path: string) => boolean): Promise<readonly ArchiveEntry[]> {
  const libraries = await Promise.all(programs.map(async (program) => await librariesOf('/', program)));
  return await entriesFrom([...programs, ...libraries.flat()].filter(isKept));
}

async function entriesFrom(paths: readonly string[]): Promise<readonly ArchiveEntry[]> {
  return await Promise.all(
    [...new Set(paths)].map(async (path) => {
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

  it('names the module of Perl that is left out', async () => {
    const { directories, files } = environmentRecipe;
    const below = await Promise.all(directories.map(async (path) => await filesBelow('/', path)));
    const perl = '/usr/bin/perl';
    const paths = [perl, ...(await librariesOf('/', perl)), ...(await librariesOf('/', '/usr/bin/openssl'))];
    const kept = [...paths, ...files, ...below.flat()].filter((path) => !path.endsWith('/IO/Socket/SSL.pm'));
    const entries = [...(await entriesFrom(kept)), ...(await agentFiles(agentDirectory))];
    await expect(testEnvironment(entries, [perl], join(directory, 'root'))).rejects.toThrow(
      /\/usr\/bin\/perl ended with 2: Can't locate IO\/Socket\/SSL\.pm/,
    );
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
