import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stepOverhead } from '../../bench/figures/step-overhead.ts';
import { skipWithout } from '../support/unavailable.ts';

describe('a benchmark', () => {
  let directory = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imprint-bench-test-'));
  });
  afterAll(async () => await rm(directory, { recursive: true, force: true }));

  it('gives its figures, with a sample of each thing that it measured', async (context) => {
    skipWithout(context, 'temporal', 'postgres');
    const said: string[] = [];

    const figures = await stepOverhead.measure({ quick: true, directory, say: (line) => said.push(line) });

    // Times are not looked at: they are the machine's.
    expect(figures.map(({ id }) => id)).toEqual(['step-overhead']);
    expect(Object.values(figures[0]?.samples ?? {}).map((values) => values.length > 10)).toEqual([true, true]);
    expect(said).toEqual(['32 steps of 2 captures']);
  });
});
