import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changed } from '../../chaos/checkout.ts';
import { mutations } from '../../chaos/controls/mutations.ts';
import { faults } from '../../chaos/faults.ts';
import { outdatedDocuments } from '../../chaos/render/documents.ts';
import { readResults } from '../../chaos/results.ts';
import { packageRoot } from '../../src/platform/state-directory.ts';

const kept = join(packageRoot(), 'chaos', 'results', 'simulated.json');
const files = ['docs/chaos.md', 'README.md'];

describe('the documents', () => {
  it.each(['simulated.json', 'real.json'])('show the latest storm of faults that is kept in %s', async (name) => {
    const outdated = await outdatedDocuments(packageRoot(), join(packageRoot(), 'chaos', 'results', name));

    expect(outdated.map(({ file }) => file)).toEqual([]);
  });

  it('are seen to be out of date when the storm found something else (control)', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'imprint-results-'));
    try {
      const other = join(directory, 'simulated.json');
      const results = await readResults(kept);
      await writeFile(other, JSON.stringify({ ...results, played: { ...results?.played, lost: 7 } }));

      const outdated = await outdatedDocuments(packageRoot(), other);

      expect(outdated.map(({ file }) => file)).toEqual(files);
      for (const { content } of outdated) expect(content).toContain('| runs lost | 7 |');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe('each control of the storm', () => {
  it.each(mutations)('$name changes code that is there, under faults that there are', async (mutation) => {
    for (const change of mutation.changes) {
      const text = await readFile(join(packageRoot(), change.file), 'utf8');

      expect(changed(text, change)).not.toBe(text);
    }
    expect(faults.map(({ kind }) => kind)).toEqual(expect.arrayContaining([...mutation.faults]));
  });

  it('is refused when the code has changed under it (control)', () => {
    const change = { file: 'src/a.ts', find: 'if (stale) return;', by: '' };

    expect(() => changed('if (isStale) return;', change)).toThrow('it must follow the code');
  });
});
