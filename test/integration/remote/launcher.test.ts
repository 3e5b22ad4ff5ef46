import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OutcomeUnknownError } from '../../../src/domain/errors.ts';
import { createLauncher, type Launcher } from '../../../src/remote/launcher.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';

let launcher: Launcher;

beforeEach(() => {
  launcher = createLauncher(['--import', 'tsx']);
});
afterEach(() => launcher.close());

/** What a shell script prints. */
async function printed(script: string, timeoutMs = 60_000): Promise<string> {
  const options = { signal: new AbortController().signal, timeoutMs };
  return (await createLocalShell({ launch: launcher.launch }).run('sh', ['-c', script], options)).stdout.trim();
}

const starter = async (): Promise<number> => Number(await printed('echo "$PPID"'));

async function isGone(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => undefined);
  return status === undefined || / Z /.test(status);
}

describe('the process that starts programs', () => {
  it('is another one than its worker, and stays the same', async () => {
    const first = await starter();

    expect(first).not.toBe(process.pid);
    expect(await starter()).toBe(first);
  });

  it('does not know what came of a program that it was lost with, and is started again', async () => {
    const lost = await starter();
    const running = printed('kill -9 "$PPID"; sleep 1; echo done');

    await expect(running).rejects.toThrow(OutcomeUnknownError);

    expect(await starter()).not.toBe(lost);
  });

  it('is not waited for after the time limit when it hangs', async () => {
    const pid = await starter();
    process.kill(pid, 'SIGSTOP');

    await expect(printed('true', 500)).rejects.toThrow(OutcomeUnknownError);

    process.kill(pid, 'SIGKILL');
  });

  it('outlives the signals that end a service, and ends when its worker lets go of it', async () => {
    const pid = await starter();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    expect(await starter()).toBe(pid);

    launcher.close();

    await vi.waitFor(async () => expect(await isGone(pid)).toBe(true), { timeout: 10_000 });
  });

  it("has nothing of the worker's environment", async () => {
    process.env['IMPRINT_SECRET_TEST'] = 'tiger';
    const pid = await starter();
    delete process.env['IMPRINT_SECRET_TEST'];

    expect(await readFile(`/proc/${String(pid)}/environ`, 'utf8')).not.toContain('tiger');
    // The pipe to its worker is in it, so it can be read.
    expect(await readFile(`/proc/${String(pid)}/environ`, 'utf8')).toContain('NODE_CHANNEL_FD');
  });
});
