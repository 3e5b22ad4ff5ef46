import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../src/platform/state-directory.ts';

/** A checkout that holds our configuration of checks and only the given files. */
export interface PlantedCheckout {
  readonly path: string;
  /** Runs a program of node_modules; its exit status is an answer. */
  run(program: string, args: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }>;
  remove(): Promise<void>;
}

const configuration = [
  'tsconfig.json',
  'eslint.config.mjs',
  'dependency-cruiser.config.mjs',
  'knip.json',
  'vitest.config.ts',
  '.prettierrc.json',
  '.prettierignore',
];

/** Makes it in a temporary directory. Files are given by their path in the checkout. */
export async function plantCheckout(files: Readonly<Record<string, string>>): Promise<PlantedCheckout> {
  const path = await mkdtemp(join(tmpdir(), 'imprint-planted-'));
  const root = packageRoot();
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
  for (const file of configuration) await cp(join(root, file), join(path, file));
  await writeFile(join(path, 'package.json'), JSON.stringify({ name: 'planted', type: 'module' }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), text);
  }
  return {
    path,
    async run(program, args) {
      const file = join(root, 'node_modules', '.bin', program);
      const result = await execa(file, args, { cwd: path, all: true, reject: false, stdin: 'ignore' });
      return { exitCode: result.exitCode ?? -1, output: result.all };
    },
    remove: async () => await rm(path, { recursive: true, force: true }),
  };
}
