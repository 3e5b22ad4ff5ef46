import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { findPostmaster } from '../../../src/platform/postmaster.ts';
import { findProcess } from '../../../src/platform/process-file.ts';
import { stopPlatform } from '../../../src/platform/platform.ts';
import { makeReadOnly } from '../../support/read-only.ts';
import { skipWithout } from '../../support/unavailable.ts';

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

let directory: string;

/** `imprint` in a process of its own, from another directory, with nothing configured but the state directory. */
function imprintProcess(...args: readonly string[]): { child: ChildProcess; output: () => string } {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], IMPRINT_STATE_DIR: directory };
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...args], {
    env,
    cwd: tmpdir(),
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text };
}

async function run(...args: readonly string[]): Promise<{ status: number | null; output: string }> {
  const { child, output } = imprintProcess(...args);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output: output() };
}

async function running(): Promise<readonly boolean[]> {
  const postgres = await findPostmaster(join(directory, 'postgres', 'data'));
  const temporal = await findProcess(join(directory, 'temporal', 'process.json'));
  return [postgres !== undefined, temporal !== undefined];
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imprint-cli-up-'));
});

afterAll(async () => {
  await stopPlatform(directory);
  await rm(directory, { recursive: true, force: true });
});

beforeEach((context) => skipWithout(context, 'temporal', 'postgres'));

describe('imprint up', () => {
  it('brings everything up, other commands find it without settings, and Ctrl-C stops what it started', async () => {
    const up = imprintProcess('up');
    await vi.waitFor(() => expect(up.output()).toContain('Everything is up'), { timeout: 150_000, interval: 200 });
    expect(up.output()).toMatch(/Temporal UI http:\/\/127\.0\.0\.1:\d+/);
    expect(up.output()).not.toContain((await readFile(join(directory, 'postgres', 'password'), 'utf8')).trim());
    expect(await running()).toEqual([true, true]);

    const added = await run(
      ...['nodes', 'add', 'sim-1', '--management-node', 'local', '--system', 'simulated'],
      ...['--address', '127.0.0.1', '--memory', '512', '--cpus', '1'],
    );
    expect(added).toMatchObject({ status: 0 });
    const status = await run('status', 'sim-1');
    expect(status).toMatchObject({ status: 0, output: expect.stringContaining('sim-1: RELOAD') });

    const workerPid = Number(/^Worker +process (\d+),/m.exec(up.output())?.[1]);
    process.kill(workerPid, 'SIGKILL');
    await vi.waitFor(() => expect(up.output()).toContain('The worker ended (SIGKILL); starting another.'), {
      timeout: 30_000,
    });
    expect(await run('power', 'sim-1', 'status')).toMatchObject({ status: 0, output: expect.stringContaining('on') });

    up.child.kill('SIGINT');
    const [ended] = (await once(up.child, 'close')) as [number | null];
    expect(ended).toBe(0);
    expect(await running()).toEqual([false, false]);
    expect(await run('nodes', 'list')).toMatchObject({ status: 2 });
  });

  // Control: the test above, with the same directory.
  it('starts nothing where the state directory is read-only, and says which directory it is', async () => {
    const mend = await makeReadOnly(directory);
    const refused = await run('up').finally(mend);

    expect(refused).toMatchObject({ status: 2, output: expect.stringContaining(`the state directory ${directory}: `) });
    expect(refused.output).toContain('IMPRINT_STATE_DIR');
    expect(await running()).toEqual([false, false]);
  });
});
