import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { build } from 'esbuild';
import * as workflows from '../../src/workflows/index.ts';

/** By name of workflow: a digest of its code, `sha256:…`. */
export type CodeDigests = Readonly<Record<string, string>>;

/**
 * Digests of the code of every workflow of the checkout at `root`: its file, and what that imports of ours and uses. Comments, formatting, types
 * and the names of local variables do not count.
 */
export async function digestWorkflows(root: string): Promise<CodeDigests> {
  const names = Object.keys(workflows).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await digest(root, name)] as const)));
}

async function digest(root: string, workflow: string): Promise<string> {
  const file = `${workflow.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`;
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src/workflows', file)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    packages: 'external',
    // Neither the place of the checkout nor its settings are part of the code.
    absWorkingDir: root,
    tsconfigRaw: {},
  });
  const hash = createHash('sha256');
  for (const { contents } of outputFiles) hash.update(contents);
  return `sha256:${hash.digest('hex')}`;
}
