import { readFile } from 'node:fs/promises';

/** The step numbers in the first table of a procedure's page, in its order: `capture-image` → 1, 2, …, 6.1, … */
async function stepsOfPage(page: string): Promise<readonly string[]> {
  const text = await readFile(new URL(`../../docs/procedures/${page}.md`, import.meta.url), 'utf8');
  const table = text.split('\n## ')[0] ?? '';
  return [...table.matchAll(/^\| (\d+(?:\.\d+)*) /gm)].map(([, number]) => number ?? '');
}

/** Each has tests of its own: test/workflows/taking-over.test.ts, test/integration/moving.test.ts and test/workflows/bring-copy.test.ts. */
const onlySometimes = ['1.1', '1.2', '3.1', '3.2'];

/** The same without what is taken only where the node's owner is over, where a run is moved, and where a load's library has no copy. */
export async function stepsOfOrdinaryRun(page: string): Promise<readonly string[]> {
  return (await stepsOfPage(page)).filter((number) => !onlySometimes.includes(number));
}
