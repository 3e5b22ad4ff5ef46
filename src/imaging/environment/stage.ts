import { readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import { CommandFailedError, IntegrityError } from '../../domain/errors.ts';
import type { EnvironmentRecipe } from './recipe.ts';

/** Debian's packages unpacked, not configured: nothing of them runs here but what is asked for by name. */
export async function unpackPackages(recipe: EnvironmentRecipe, directory: string): Promise<void> {
  const args = [
    ...['--mode=root', '--format=directory', '--variant=extract', `--include=${recipe.packages.join(',')}`],
    ...['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"'],
    // Firmware and documents would be most of what is written.
    ...['--dpkgopt=path-exclude=/usr/share/*', '--dpkgopt=path-include=/usr/share/perl*'],
    ...[recipe.suite, directory],
  ];
  try {
    await execa('mmdebstrap', args, { env: { LC_ALL: 'C' } });
  } catch (cause) {
    throw new CommandFailedError(
      `could not unpack the packages of Debian ${recipe.suite} for the imaging environment`,
      { cause },
    );
  }
}

/** The libraries of a program, by absolute path in the stage, as its own loader finds them. */
export async function librariesOf(stage: string, program: string): Promise<readonly string[]> {
  const loader = '/lib64/ld-linux-x86-64.so.2';
  const { stdout, stderr, exitCode } = await execa('chroot', [stage, loader, '--list', program], { reject: false });
  if (exitCode !== 0 || stdout.includes('not found')) {
    throw new IntegrityError(`find the libraries of ${program}: ${stderr || stdout}`);
  }
  return readLibraries(stdout);
}

/** What the loader's `--list` prints: `libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x…)`, and the loader itself. */
export function readLibraries(output: string): readonly string[] {
  return [...output.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/gm)].map(([, path = '']) => path);
}

/** The files below a directory of the stage, by absolute path in it. */
export async function filesBelow(stage: string, directory: string): Promise<readonly string[]> {
  const entries = await readdir(join(stage, directory), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map(({ parentPath, name }) => `/${relative(stage, join(parentPath, name))}`);
}

/** A file's bytes through its links, which are followed inside the stage. */
export async function readInside(stage: string, path: string): Promise<Buffer> {
  let at = path;
  for (let links = 0; links < 10; links++) {
    const target = await readlink(join(stage, at)).catch(() => undefined);
    if (target === undefined) return await readFile(join(stage, at));
    at = target.startsWith('/') ? target : join(at, '..', target);
  }
  throw new IntegrityError(`read ${path} of the imaging environment: its links do not end`);
}
