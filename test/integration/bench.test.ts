import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crowd } from '../../bench/figures/crowd.ts';
import { skipWithout } from '../support/unavailable.ts';

describe('a benchmark', () => {
  it('gives its figures, with a sample of each thing that it measured', async (context) => {
    skipWithout(context, 'temporal', 'postgres');
    const said: string[] = [];
    const directory = await mkdtemp(join(tmpdir(), 'imprint-bench-test-'));

    const figures = await crowd.measure({ quick: true, directory, say: (line) => said.push(line) });

    // Times and sizes are not looked at: they are the machine's.
    expect(figures.map(({ id }) => id)).toEqual(['crowd', 'memory']);
    expect(figures[0]).toMatchObject({ value: 10, samples: { 'copies that were begun twice': [0] } });
    expect(said.at(-1)).toMatch(/^10 completed/);
  });
});
