import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outdatedDocuments } from '../../bench/render/documents.ts';
import { readNewestResults, writeResults, type Figure, type Results } from '../../bench/results.ts';
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
  started: '2999-01-01T00:00:00.000Z',
  seconds: 1,
  quick: false,
  machine: { class: 'none' },
  figures: [figure],
  missing: [{ benchmark: 'another', why: 'it was not to be had' }],
};

describe('the documents', () => {
  it('show the figures that were measured last', async () => {
    const outdated = await outdatedDocuments(packageRoot(), resultsDirectory);

    expect(outdated.map(({ file }) => file)).toEqual([]);
  });

  it('are seen to be out of date when something newer was measured (control)', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'imprint-results-'));
    try {
      await writeResults(directory, invented);

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
