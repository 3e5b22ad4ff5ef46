import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflows } from '../scripts/bundle-workflows.ts';
import { packageRoot } from '../src/platform/state-directory.ts';
import type { Change, Mutation } from './controls/mutation.ts';

const parts = ['src', 'chaos', join('test', 'support'), 'package.json', 'tsconfig.json'];

/**
 * Copies the source to a directory of its own, changed as the mutation says, and bundles its workflows: the workers of a chaos run are started
 * from there. So production code has no switch for a test, and a change of the checkout does not reach a run that is under way. Returns the
 * worker's program.
 */
export async function copyCheckout(directory: string, mutation?: Mutation): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const part of parts) await cp(join(packageRoot(), part), join(directory, part), { recursive: true });
  await symlink(join(packageRoot(), 'node_modules'), join(directory, 'node_modules'));
  for (const change of mutation?.changes ?? []) {
    const path = join(directory, change.file);
    await writeFile(path, changed(await readFile(path, 'utf8'), change));
  }
  await bundleWorkflows(join(directory, 'src/workflows/index.ts'), join(directory, 'src/workflow-bundle.js'));
  return join(directory, 'chaos', 'worker-child.ts');
}

/** The file as the change leaves it. A mutation of code that is there no more would be no control: it throws. */
export function changed(text: string, { file, find, by }: Change): string {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`the mutation finds ${JSON.stringify(find)} not exactly once in ${file}: it must follow the code`);
  }
  return `${before}${by}${after}`;
}
