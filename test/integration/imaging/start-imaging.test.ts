import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadWorkerConfig } from '../../../src/config.ts';
import { startImaging } from '../../../src/worker/imaging.ts';
import { skipWithout } from '../../support/unavailable.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
}

let library: string;

beforeEach(async (context) => {
  skipWithout(context, 'imaging');
  library = await mkdtemp(join(tmpdir(), 'imprint-start-imaging-'));
});
afterEach(async () => await rm(library, { recursive: true, force: true }));

/** What a management node logs when it begins to serve machines on the loopback. */
async function startAndEnd(settings: Readonly<Record<string, string>>): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
  const config = loadWorkerConfig({
    ...{ DATABASE_URL: 'postgres://none', IMPRINT_MANAGEMENT_NODE: 'mn-1', IMPRINT_LIBRARY: library },
    ...settings,
  });
  // Any that is free.
  const ports = { IMPRINT_IMAGING_HTTP_PORT: 0, IMPRINT_IMAGING_HTTPS_PORT: 0 };
  const end = await startImaging({ ...config, ...ports }, logger);
  await end();
  return lines;
}

const warnings = (lines: readonly Line[]): readonly string[] =>
  lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);
const served = expect.objectContaining({ msg: 'Machines that boot over the network are served' }) as unknown;

describe('a management node that serves machines', () => {
  it('warns when it does so at the address under which other hosts reach it', async () => {
    const lines = await startAndEnd({ IMPRINT_ADDRESS: '127.0.0.1', IMPRINT_IMAGING_ADDRESS: '127.0.0.1' });
    expect(warnings(lines)).toEqual([
      'Machines are imaged on the network of this management node: a segment of their own is required',
    ]);
    expect(lines).toContainEqual(served);
  });

  it('warns of nothing when machines have an address of their own', async () => {
    const lines = await startAndEnd({ IMPRINT_ADDRESS: '192.0.2.1', IMPRINT_IMAGING_ADDRESS: '127.0.0.1' });
    expect(warnings(lines)).toEqual([]);
    expect(lines).toContainEqual(served);
  });

  it('serves none where no address is set', async () => {
    expect(await startAndEnd({ IMPRINT_ADDRESS: '127.0.0.1' })).toEqual([]);
  });
});
