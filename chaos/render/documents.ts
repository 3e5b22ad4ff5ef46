import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readResults, type Results } from '../results.ts';
import { briefTable, unfenced } from './brief-table.ts';
import { controlsTable, playedText } from './table.ts';

/** A part of a document that is made, between two lines that name it. */
interface Part {
  readonly file: string;
  readonly begin: string;
  readonly end: string;
  make(results: Results): string;
}

const simulated = { begin: '<!-- chaos: made by npm run chaos -->', end: '<!-- chaos: end -->' };
const real = { begin: '<!-- chaos, real: made by npm run chaos -- --real -->', end: '<!-- chaos, real: end -->' };

/** By the file in chaos/results that they show. */
const parts: Readonly<Record<string, readonly Part[]>> = {
  'simulated.json': [
    {
      file: 'docs/chaos.md',
      ...simulated,
      make: ({ played, controls, machine }) =>
        [
          ...(played === undefined ? [] : [playedText(played)]),
          ...(controls === undefined || controls.length === 0 ? [] : ['### Controls', controlsTable(controls)]),
          measuredOn(machine),
        ].join('\n\n'),
    },
    {
      file: 'README.md',
      ...simulated,
      make: ({ played }) => (played === undefined ? '' : briefTable(played)),
    },
  ],
  'real.json': [
    {
      file: 'docs/chaos.md',
      ...real,
      make: ({ played, machine }) =>
        [
          ...(played === undefined ? [] : [playedText(played)]),
          unfenced,
          `${measuredOn(machine).slice(0, -1)}, ${machine['libvirt'] ?? 'unknown'}, ${machine['qemu'] ?? 'unknown'}, guests ${machine['guests'] ?? 'unknown'}.`,
        ].join('\n\n'),
    },
  ],
};

function measuredOn(machine: Results['machine']): string {
  const of = ['processor', 'system', 'node', 'temporal'].map((key) => machine[key] ?? 'unknown');
  const [processor = '', system = '', node = '', temporal = ''] = of;
  return `Measured on ${processor}, ${system}, Node ${node}, ${temporal}.`;
}

/** Writes the newest results into the documents that show them. */
export async function updateDocuments(root: string): Promise<void> {
  for (const name of Object.keys(parts)) {
    for (const { file, content } of await outdatedDocuments(root, join(root, 'chaos/results', name))) {
      await writeFile(join(root, file), content);
    }
  }
}

/** The documents that do not show the results of a file, with what they should hold. None before anything was kept. */
export async function outdatedDocuments(
  root: string,
  resultsFile: string,
): Promise<readonly { readonly file: string; readonly content: string }[]> {
  const results = await readResults(resultsFile);
  if (results === undefined) return [];
  const found = await Promise.all(
    (parts[basename(resultsFile)] ?? []).map(async (part) => {
      const current = await readFile(join(root, part.file), 'utf8');
      return { file: part.file, current, content: between(current, part, part.make(results)) };
    }),
  );
  return found.filter(({ current, content }) => current !== content);
}

function between(current: string, { file, begin, end }: Part, text: string): string {
  const [before, rest] = current.split(begin);
  const [, after] = (rest ?? '').split(end);
  if (before === undefined || after === undefined) throw new Error(`${file} lacks the lines ${begin} and ${end}`);
  return `${before}${begin}\n\n${text}\n\n${end}${after}`;
}
