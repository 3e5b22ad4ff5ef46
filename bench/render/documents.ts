import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readNewestResults, type Results } from '../results.ts';
import { plot } from './plot.ts';
import { detailsText, machineText, markdownTable } from './table.ts';

const begin = '<!-- figures: made by npm run bench -->';
const end = '<!-- figures: end -->';

/** Files of the repository that show figures, each with what stands in it. */
const documents: Readonly<Record<string, (current: string, results: Results) => string>> = {
  'docs/figures.md': (current, results) =>
    between(current, [machineText(results), markdownTable(results), '### How, and every sample', detailsText(results)]),
  'README.md': (current, results) => between(current, [markdownTable(results), machineText(results), picture]),
  'docs/figures.svg': (_current, results) => plot(results),
};

const picture = '![How each figure stands to its bar](docs/figures.svg)';

/** Makes the parts of the documents that show figures anew from the newest results. Returns the files that were not as they are now. */
export async function updateDocuments(root: string, resultsDirectory: string): Promise<readonly string[]> {
  const changed = await outdatedDocuments(root, resultsDirectory);
  for (const { file, content } of changed) await writeFile(join(root, file), content);
  return changed.map(({ file }) => file);
}

/** The documents that do not show the newest results, with what they should hold. None before anything was measured. */
export async function outdatedDocuments(
  root: string,
  resultsDirectory: string,
): Promise<readonly { readonly file: string; readonly content: string }[]> {
  const results = await readNewestResults(resultsDirectory);
  if (results === undefined) return [];
  const found = await Promise.all(
    Object.entries(documents).map(async ([file, make]) => {
      const current = await readFile(join(root, file), 'utf8').catch(() => '');
      return { file, current, content: make(current, results) };
    }),
  );
  return found.filter(({ current, content }) => current !== content).map(({ file, content }) => ({ file, content }));
}

function between(current: string, parts: readonly string[]): string {
  const [before, rest] = current.split(begin);
  const [, after] = (rest ?? '').split(end);
  if (before === undefined || after === undefined)
    throw new Error(`a document lacks the lines ${begin} and ${end}, between which figures are written`);
  return `${before}${begin}\n\n${parts.join('\n\n')}\n\n${end}${after}`;
}
