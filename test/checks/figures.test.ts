import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outdatedDocuments } from '../../bench/render/documents.ts';
import { keep, readNewestResults, type Figure, type Results } from '../../bench/results.ts';
import { packageRoot } from '../../src/platform/state-directory.ts';

const resultsDirectory = join(packageRoot(), 'bench', 'results');

const figure: Figure = {
  id: 'invented',
  title: 'Something that nobody measured',
  bar: { kind: 'at most', limit: 1 },
  unit: 's',
  value: 2,
  comparison: { what: 'by hand', value: 3, measured: 'same run' },
  samples: { seconds: [1, 2, 3] },
  how: 'Not at all.',
};

const invented: Results = {
  schema: 1,
  machine: { class: 'none' },
  measured: [{ benchmark: 'one', started: '2999-01-01T00:00:00.000Z', seconds: 1, load: '0 0 0', figures: [figure] }],
};

describe('the documents', () => {
  it('show the figures that were measured last', async () => {
    const outdated = await outdatedDocuments(packageRoot(), resultsDirectory);

    expect(outdated.map(({ file }) => file)).toEqual([]);
  });

  it('are seen to be out of date when something newer was measured (control)', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'imprint-results-'));
    try {
      await keep(directory, invented);

      const outdated = await outdatedDocuments(packageRoot(), directory);

      expect(outdated.map(({ file }) => file)).toEqual(['docs/figures.md', 'README.md', 'docs/figures.svg']);
      expect(outdated[0]?.content).toContain(
        '| Something that nobody measured | 2 s | at most 1 s | **missed** by 1 s | by hand: 3 s |',
      );
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe('results', () => {
  it('of one benchmark that is repeated take the place of its earlier ones, and leave the others', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'imprint-results-'));
    try {
      const [one] = invented.measured;
      if (one === undefined) throw new Error('nothing was invented');
      await keep(directory, { ...invented, measured: [one, { ...one, benchmark: 'other' }] });
      await keep(directory, { ...invented, measured: [{ ...one, seconds: 2 }] });

      const kept = await readNewestResults(directory);

      expect(kept?.measured.map(({ benchmark, seconds }) => [benchmark, seconds])).toEqual([
        ['one', 2],
        ['other', 1],
      ]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('that are none are refused', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'imprint-results-'));
    try {
      await writeFile(join(directory, 'x.json'), await readFile(join(packageRoot(), 'package.json')));

      await expect(readNewestResults(directory)).rejects.toThrow('Invalid');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
