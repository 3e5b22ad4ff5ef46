import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stepOverhead } from '../../bench/figures/step-overhead.ts';
import { skipWithout } from '../support/unavailable.ts';

describe('a benchmark', () => {
  it('gives its figures, with a sample of each thing that it measured', async (context) => {
    skipWithout(context, 'temporal', 'postgres');
    const said: string[] = [];
    const directory = await mkdtemp(join(tmpdir(), 'imprint-bench-test-'));

    const figures = await stepOverhead.measure({ quick: true, directory, say: (line) => said.push(line) });

    // Times are not looked at: they are the machine's.
    expect(figures.map(({ id }) => id)).toEqual(['step-overhead']);
    expect(Object.values(figures[0]?.samples ?? {}).map((values) => values.length > 10)).toEqual([true, true]);
    expect(said).toEqual(['32 steps of 2 captures']);
  });
});
