import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readResults, type Results } from '../results.ts';
import { briefTable } from './brief-table.ts';
import { controlsTable, playedText } from './table.ts';

const begin = '<!-- chaos: made by npm run chaos -->';
const end = '<!-- chaos: end -->';

const documents: Readonly<Record<string, (results: Results) => string>> = {
  'docs/chaos.md': ({ played, controls, machine }) =>
    [
      ...(played === undefined ? [] : [playedText(played)]),
      ...(controls === undefined || controls.length === 0 ? [] : ['### Controls', controlsTable(controls)]),
      `Measured on ${machine['processor'] ?? 'unknown'}, ${machine['system'] ?? 'unknown'}, Node ${machine['node'] ?? 'unknown'}, ${machine['temporal'] ?? 'unknown'}.`,
    ].join('\n\n'),
  'README.md': ({ played }) => (played === undefined ? '' : briefTable(played)),
};

/** Writes the newest results into the documents that show them. */
export async function updateDocuments(root: string): Promise<void> {
  for (const { file, content } of await outdatedDocuments(root, join(root, 'chaos/results/simulated.json'))) {
    await writeFile(join(root, file), content);
  }
}

/** The documents that do not show the newest results, with what they should hold. None before anything was kept. */
export async function outdatedDocuments(
  root: string,
  resultsFile: string,
): Promise<readonly { readonly file: string; readonly content: string }[]> {
  const results = await readResults(resultsFile);
  if (results === undefined) return [];
  const found = await Promise.all(
    Object.entries(documents).map(async ([file, make]) => {
      const current = await readFile(join(root, file), 'utf8');
      return { file, current, content: between(current, make(results)) };
    }),
  );
  return found.filter(({ current, content }) => current !== content);
}

function between(current: string, text: string): string {
  const [before, rest] = current.split(begin);
  const [, after] = (rest ?? '').split(end);
  if (before === undefined || after === undefined) throw new Error(`a document lacks the lines ${begin} and ${end}`);
  return `${before}${begin}\n\n${text}\n\n${end}${after}`;
}
