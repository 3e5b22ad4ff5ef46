import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UnavailableError } from '../../../src/domain/errors.ts';
import { findProcess, rememberProcess, startDetached, stopProcess } from '../../../src/platform/process-file.ts';
import { parseStat, startTimeOf } from '../../../src/platform/process-identity.ts';

let directory: string;
let processFile: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imprint-process-'));
  processFile = join(directory, 'process.json');
});
afterEach(async () => {
  await stopProcess(processFile, 1_000);
  await rm(directory, { recursive: true, force: true });
});

/** Runs a constant script in a process of its own. */
const start = (script: string, ...args: readonly string[]) =>
  startDetached({ file: 'sh', args: ['-c', script, 'sh', ...args], logFile: join(directory, 'log'), processFile });

describe('a remembered process', () => {
  it('is found again and stopped', async () => {
    const started = await start('exec sleep 600');

    expect(await findProcess(processFile)).toEqual(started);

    await stopProcess(processFile);

    expect(await startTimeOf(started.pid)).toBeUndefined();
    expect(await findProcess(processFile)).toBeUndefined();
  });

  it('is forced when it does not end by itself in time', async () => {
    const ready = join(directory, 'ready');
    const started = await start('trap "" TERM; : >"$1"; while :; do sleep 0.1; done', ready);
    await vi.waitFor(async () => await readFile(ready), { timeout: 5_000 });

    await stopProcess(processFile, 200);

    expect(await startTimeOf(started.pid)).toBeUndefined();
  });

  it('may be stopped twice', async () => {
    await start('exec sleep 600');
    await stopProcess(processFile);

    await expect(stopProcess(processFile)).resolves.toBeUndefined();
  });

  it('is another one when its number was given out again: that one is left alone', async () => {
    const started = await start('exec sleep 600');
    const other = join(directory, 'other.json');
    await rememberProcess(other, { pid: started.pid, startTime: 'earlier' });

    expect(await findProcess(other)).toBeUndefined();
    await stopProcess(other);

    expect(await findProcess(processFile)).toEqual(started);
  });

  it('keeps what it printed in its log', async () => {
    await start('echo here; exec sleep 600');

    await vi.waitFor(async () => expect(await readFile(join(directory, 'log'), 'utf8')).toBe('here\n'), {
      timeout: 5_000,
    });
  });

  it('is unknown when its file was cut', async () => {
    await writeFile(processFile, '{"pid": 1');

    expect(await findProcess(processFile)).toBeUndefined();
  });

  it('cannot be a program that does not exist', async () => {
    const missing = { file: '/no/such/program', args: [], logFile: join(directory, 'log'), processFile };

    await expect(startDetached(missing)).rejects.toThrow(UnavailableError);
  });
});

describe('/proc/PID/stat', () => {
  it('is read behind a name that holds spaces and parentheses', () => {
    const stat = `42 (a) R (b) S ${Array.from({ length: 30 }, (_, index) => String(index + 4)).join(' ')}`;

    expect(parseStat(stat)).toEqual({ state: 'S', threads: 20, startTicks: '22' });
  });

  it('of a process that is gone gives no start time', async () => {
    expect(await startTimeOf(2 ** 22 + 1)).toBeUndefined();
  });
});
