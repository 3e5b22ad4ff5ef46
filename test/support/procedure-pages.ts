import { readFile } from 'node:fs/promises';

/** The step numbers in the first table of a procedure's page, in its order: `capture-image` → 1, 2, …, 6.1, … */
export async function stepsOfPage(page: string): Promise<readonly string[]> {
  const text = await readFile(new URL(`../../docs/procedures/${page}.md`, import.meta.url), 'utf8');
  const table = text.split('\n## ')[0] ?? '';
  return [...table.matchAll(/^\| (\d+(?:\.\d+)*) /gm)].map(([, number]) => number ?? '');
}
