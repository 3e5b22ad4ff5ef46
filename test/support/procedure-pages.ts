import { readFile } from 'node:fs/promises';

/** The step numbers in the first table of a procedure's page, in its order: `capture-image` → 1, 2, …, 6.1, … */
async function stepsOfPage(page: string): Promise<readonly string[]> {
  const text = await readFile(new URL(`../../docs/procedures/${page}.md`, import.meta.url), 'utf8');
  const table = text.split('\n## ')[0] ?? '';
  return [...table.matchAll(/^\| (\d+(?:\.\d+)*) /gm)].map(([, number]) => number ?? '');
}

/**
 * The same without 1.1, which is taken only where the node's owner is over: test/workflows/taking-over.test.ts is about nothing else.
 */
export async function stepsOfOrdinaryRun(page: string): Promise<readonly string[]> {
  return (await stepsOfPage(page)).filter((number) => number !== '1.1');
}
