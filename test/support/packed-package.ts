import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../src/platform/state-directory.ts';

/** A project with nothing in it but the packed package and what that depends on. */
export interface EmptyProject {
  readonly path: string;
  /** Every file of the package, by its path in it, with its mode as `tar` prints it: `-rwxr-xr-x`. */
  readonly files: ReadonlyMap<string, string>;
  /** The installed command. */
  readonly command: string;
  write(name: string, content: string): Promise<void>;
  /** Compiles with the TypeScript of the checkout; the lines that it complains in. */
  compile(tsconfig: string): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** What the package is made from; nothing of an earlier build can get into it. */
const sources = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'src',
  'scripts',
  'docs',
  'packaging',
  'LICENSE',
  'README.md',
  'temporal-dev.yml',
];

/**
 * Packs the package with `npm pack` and installs it. The dependencies that it declares are linked to those of the checkout, and no others can
 * be found: that takes no registry and no time, and what is used without being declared is still missing.
 */
export async function installPackedPackage(): Promise<EmptyProject> {
  const path = await mkdtemp(join(tmpdir(), 'imprint-package-'));
  const tarball = await pack(join(path, 'checkout'));
  const project = join(path, 'project');
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, 'imprint'), { recursive: true });
  await execa('tar', ['-xzf', tarball, '-C', join(modules, 'imprint'), '--strip-components=1']);
  await linkDependencies(modules);
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  await execa('npm', ['rebuild', '--offline', '--ignore-scripts', 'imprint'], { cwd: project });
  return {
    path: project,
    files: await filesOf(tarball),
    command: join(modules, '.bin', 'imprint'),
    write: async (name, content) => await writeFile(join(project, name), content),
    compile: async (tsconfig) => await compile(project, tsconfig),
    remove: async () => await rm(path, { recursive: true, force: true }),
  };
}

/** In a copy of the sources, so that the checkout's own `dist`, which may be in use, stays as it is. */
async function pack(copy: string): Promise<string> {
  const root = packageRoot();
  await mkdir(copy);
  for (const source of sources) await cp(join(root, source), join(copy, source), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  await execa('npm', ['pack', '--offline'], { cwd: copy });
  const { version } = await readPackage(copy);
  return join(copy, `imprint-${version}.tgz`);
}

async function linkDependencies(modules: string): Promise<void> {
  const root = packageRoot();
  const { dependencies } = await readPackage(root);
  // The types of Node are what every application in TypeScript has.
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(modules, name));
  }
}

interface PackageFile {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

async function readPackage(path: string): Promise<PackageFile> {
  return JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as PackageFile;
}

async function filesOf(tarball: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await execa('tar', ['-tvzf', tarball]);
  return new Map(
    stdout.split('\n').map((line) => {
      const [mode = '', ...rest] = line.split(/\s+/);
      return [(rest.at(-1) ?? '').replace(/^package\//, ''), mode];
    }),
  );
}

async function compile(project: string, tsconfig: string): Promise<readonly string[]> {
  const tsc = join(packageRoot(), 'node_modules', '.bin', 'tsc');
  const { stdout } = await execa(tsc, ['--project', tsconfig], { cwd: project, reject: false });
  return stdout.split('\n').filter((line) => /error TS\d+/.test(line));
}
