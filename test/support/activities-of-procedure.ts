import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/platform/state-directory.ts';

const call = /\b(?:onNode|catalog)\((?:[^()]|\([^()]*\))*\)\s*\.(\w+)\(/g;

/** Names of the activities that these workflows ask for, wherever in the files that they import: read from their source. */
export async function activitiesCalledBy(...files: readonly string[]): Promise<readonly string[]> {
  const sources = new Map<string, string>();
  const left = [...files];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (sources.has(file)) continue;
    const source = await readFile(join(packageRoot(), 'src', 'workflows', file), 'utf8');
    sources.set(file, source);
    for (const [, imported = ''] of source.matchAll(/ from '\.\/([\w-]+\.ts)'/g)) left.push(imported);
  }
  const names = [...sources.values()].flatMap((source) => [...source.matchAll(call)].map(([, name = '']) => name));
  return [...new Set(names)].sort();
}
