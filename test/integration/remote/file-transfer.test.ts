import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandFailedError } from '../../../src/domain/errors.ts';
import { uploadCommand } from '../../../src/remote/file-transfer.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';

const shell = createLocalShell();
const options = { signal: new AbortController().signal, timeoutMs: 20_000 };
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imprint-transfer-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Writes `sent` where `announced` bytes were to come, as when the connection is lost on the way. */
async function upload(path: string, announced: string, sent: string): Promise<unknown> {
  const { file, args } = uploadCommand(announced, path, options);
  return await shell.run(file, args, { ...options, stdin: sent });
}

describe('a file that is being written', () => {
  it('is not put in place when its end did not arrive, and the old one stays', async () => {
    const path = join(directory, 'cut');
    await writeFile(path, 'old');

    await expect(upload(path, 'all of it', 'all')).rejects.toThrow(CommandFailedError);

    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await readdir(directory)).filter((name) => name.startsWith('cut'))).toEqual(['cut']);
  });

  it('is put in place when all of it arrived (control)', async () => {
    const path = join(directory, 'whole');
    await writeFile(path, 'old');

    await upload(path, 'all of it', 'all of it');

    expect(await readFile(path, 'utf8')).toBe('all of it');
  });

  it('has a temporary name that no two writers share', () => {
    expect(uploadCommand('', '/x', options).args[4]).not.toBe(uploadCommand('', '/x', options).args[4]);
  });
});
