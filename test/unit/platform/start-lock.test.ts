import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { packageRoot } from '../../../src/platform/state-directory.ts';
import { withStartLock } from '../../../src/platform/start-lock.ts';

let directory: string;
let lock: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imprint-lock-'));
  lock = join(directory, 'start.lock');
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

/** Another process that holds the lock until its standard input ends. */
const holder = () => {
  const module = join(packageRoot(), 'src/platform/start-lock.ts');
  const program = `
    import { withStartLock } from ${JSON.stringify(module)};
    await withStartLock(process.argv[1], 1000, async () => {
      console.log('held');
      await new Promise((resolve) => process.stdin.on('end', resolve).resume());
    });
  `;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program, lock];
  return execa(process.execPath, args, { cwd: packageRoot(), stdin: 'pipe', reject: false });
};

describe('the start lock', () => {
  it('gives back what the work gives, and leaves nothing behind', async () => {
    expect(await withStartLock(lock, 1_000, async () => 7)).toBe(7);
    expect(await readdir(directory)).toEqual([]);
  });

  it('is released when the work fails', async () => {
    await expect(withStartLock(lock, 1_000, () => Promise.reject(new Error('no')))).rejects.toThrow('no');

    expect(await readdir(directory)).toEqual([]);
  });

  it('keeps a second process out until the first is done', async () => {
    const other = holder();
    await vi.waitFor(async () => expect(await readdir(directory)).toContain('start.lock'), { timeout: 15_000 });

    await expect(withStartLock(lock, 300, async () => 'in')).rejects.toThrow('holds it');

    other.stdin.end();
    expect(await withStartLock(lock, 15_000, async () => 'in')).toBe('in');
    await other;
  });

  it('is taken over from a process that is gone', async () => {
    const other = holder();
    await vi.waitFor(async () => expect(await readdir(directory)).toContain('start.lock'), { timeout: 15_000 });
    other.kill('SIGKILL');
    await other;

    expect(await withStartLock(lock, 1_000, async () => 'in')).toBe('in');
  });

  it('is taken over when its file was cut', async () => {
    await writeFile(lock, '{');

    expect(await withStartLock(lock, 1_000, async () => 'in')).toBe('in');
  });
});
