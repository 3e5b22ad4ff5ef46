import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { directoryStore } from '../../../../src/provisioners/simulated/directory-store.ts';

const program = new URL('./count-in-store.ts', import.meta.url).pathname;

describe('a world in a directory', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imprint-store-'));
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('loses no change that two processes make at once', async () => {
    const count = () => execa('node', ['--import', 'tsx', program, directory, '50'], { cwd: process.cwd() });
    await Promise.all([count(), count()]);
    expect(await directoryStore(directory).read('nodes/counter')).toBe('100');
  });

  it('goes on after a process was killed in the middle of its changes', async () => {
    const child = execa('node', ['--import', 'tsx', program, directory, '1000000'], { reject: false });
    const store = directoryStore(directory);
    await expect.poll(() => store.read('nodes/counter'), { timeout: 10_000 }).toMatch(/\d\d/);
    child.kill('SIGKILL');
    await child;
    const left = Number(await store.read('nodes/counter'));
    await store.update('nodes/counter', (text) => ({ text: String(Number(text) + 1), result: undefined }));
    expect(Number(await store.read('nodes/counter'))).toBe(left + 1);
  });

  it('leaves the text as it was when a change throws', async () => {
    const store = directoryStore(directory);
    await store.update('faults', () => ({ text: 'one', result: undefined }));
    const failing = store.update('faults', () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await store.read('faults')).toBe('one');
    expect(await store.update('faults', (text) => ({ text: `${text ?? ''} two`, result: 'answer' }))).toBe('answer');
  });

  it('has one line for each that was appended', async () => {
    const store = directoryStore(directory);
    await Promise.all(Array.from({ length: 50 }, (_, index) => store.append('events', String(index))));
    expect((await store.read('events'))?.trim().split('\n')).toHaveLength(50);
  });
});
