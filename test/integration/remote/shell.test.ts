import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CapacityError, CommandFailedError, NotFoundError, OutcomeUnknownError } from '../../../src/domain/errors.ts';
import type { RunOptions, Shell } from '../../../src/remote/shell.ts';
import { createLauncher } from '../../../src/remote/launcher.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import { createShellPool, type ShellPool } from '../../../src/remote/shell-pool.ts';
import { startSshd, type Sshd } from '../../support/sshd.ts';

let sshd: Sshd;
let pool: ShellPool;
let directory: string;
const launcher = createLauncher(['--import', 'tsx']);
const launched = createLocalShell({ launch: launcher.launch });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imprint-shell-'));
  sshd = await startSshd();
  pool = createShellPool();
});
afterAll(async () => {
  await pool.closeAll();
  launcher.close();
  await sshd.stop();
  await rm(directory, { recursive: true });
});

function overSsh(): Shell {
  const { port, hostKeys, privateKey } = sshd;
  return pool.ssh({
    address: '127.0.0.1',
    port,
    user: 'root',
    privateKey: () => Promise.resolve(privateKey),
    hostKeys,
  });
}

function patient(options: Partial<RunOptions> = {}): RunOptions {
  return { signal: new AbortController().signal, timeoutMs: 30_000, ...options };
}

/** The process ids of commands that carry this word among their arguments. */
async function processesWith(word: string): Promise<string[]> {
  const { stdout } = await pool.local.run('ps', ['axo', 'pid=,stat=,args='], patient());
  return stdout.split('\n').filter((line) => line.includes(word) && !/^\s*\d+ Z/.test(line));
}

describe.each([
  ['on this host', () => pool.local],
  ['on this host, by a small process', () => launched],
  ['over SSH', overSsh],
])('a shell %s', (where, shellOf) => {
  it('gives the command exactly the arguments that it was given', async () => {
    const args = ["a'b", 'c  d', 'x\ny\n', '$HOME `id`', '', '*', '\\', 'größe'];

    const { stdout } = await shellOf().run('printf', ['%s\\0', ...args], patient());

    expect(stdout.split('\0').slice(0, -1)).toEqual(args);
  });

  it('keeps the outputs apart and whole', async () => {
    const result = await shellOf().run('sh', ['-c', 'echo " out "; echo err >&2'], patient());

    expect(result).toMatchObject({ exitCode: 0, stdout: ' out \n', stderr: 'err\n' });
    expect(result.command).toContain('echo');
  });

  it('sends standard input and then closes it', async () => {
    expect((await shellOf().run('cat', [], patient({ stdin: 'sesame\n' }))).stdout).toBe('sesame\n');
    expect((await shellOf().run('cat', [], patient({ stdin: '' }))).stdout).toBe('');
    expect((await shellOf().run('cat', [], patient())).stdout).toBe('');
  });

  it('is not upset by a command that does not read its input', async () => {
    const { stdout } = await shellOf().run('echo', ['done'], patient({ stdin: Buffer.alloc(3_000_000) }));

    expect(stdout).toBe('done\n');
  });

  it('sets the environment that was asked for, and always LC_ALL=C', async () => {
    const { stdout } = await shellOf().run('env', [], patient({ env: { COLOUR: "deep 'blue'", LC_ALL: 'de_DE' } }));

    expect(stdout.split('\n')).toContain("COLOUR=deep 'blue'");
    expect(stdout.split('\n')).toContain('LC_ALL=C');
  });

  it("keeps the worker's own environment to itself", async () => {
    process.env['IMPRINT_SECRET_TEST'] = 'tiger';

    const { stdout } = await shellOf().run('env', [], patient());

    delete process.env['IMPRINT_SECRET_TEST'];
    expect(stdout).not.toContain('tiger');
  });

  it('takes an exit status for an answer only when it is allowed', async () => {
    const run = (options: Partial<RunOptions>) => shellOf().run('sh', ['-c', 'echo why >&2; exit 3'], patient(options));

    expect((await run({ allowedExitCodes: [0, 3] })).exitCode).toBe(3);
    const error: unknown = await run({}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CommandFailedError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^why: sh -c .* failed on /),
      evidence: { exitCode: 3, stderr: 'why\n' },
    });
  });

  it('takes output on standard error for no error', async () => {
    expect((await shellOf().run('sh', ['-c', 'echo warning >&2'], patient())).exitCode).toBe(0);
  });

  it('tells a command that was killed from one that failed', async () => {
    const failure = shellOf().run('sh', ['-c', 'kill -9 $$'], patient());

    await expect(failure).rejects.toThrow(CommandFailedError);
    await expect(failure).rejects.toMatchObject({ evidence: { killedBy: 'SIGKILL' } });
  });

  it('reports a command that does not exist as exit status 127', async () => {
    await expect(shellOf().run('no-such-command', [], patient())).rejects.toMatchObject({
      evidence: { exitCode: 127 },
    });
  });

  it('does not know the outcome when the time limit passes', async () => {
    await expect(shellOf().run('sleep', ['30'], patient({ timeoutMs: 300 }))).rejects.toThrow(OutcomeUnknownError);
  });

  it("rejects with the caller's own reason when it aborts", async () => {
    const controller = new AbortController();
    const reason = new Error('worker shuts down');
    const running = shellOf().run('sleep', ['30'], patient({ signal: controller.signal }));

    controller.abort(reason);

    await expect(running).rejects.toBe(reason);
    await expect(shellOf().run('true', [], patient({ signal: controller.signal }))).rejects.toBe(reason);
  });

  it('refuses to hold more output than 16 MiB', async () => {
    const failure = shellOf().run('head', ['-c', '20000000', '/dev/zero'], patient());

    await expect(failure).rejects.toThrow(CapacityError);
    expect((await shellOf().run('head', ['-c', '16000000', '/dev/zero'], patient())).stdout).toHaveLength(16_000_000);
  });

  it('keeps a character whole that lies across two chunks', async () => {
    const script = 'printf "\\303"; sleep 0.2; printf "\\266"';

    expect((await shellOf().run('sh', ['-c', script], patient())).stdout).toBe('ö');
  });

  it('moves files of some megabytes, byte for byte', async () => {
    const content = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => (index * 7) % 256));
    const path = join(directory, `${where}'s file`);

    await shellOf().upload(content, path, patient());

    expect(content.equals(Buffer.from(await shellOf().download(path, patient())))).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('replaces a file with its rights, and leaves nothing beside it', async () => {
    const path = join(await mkdtemp(join(directory, 'replace-')), 'file');
    await writeFile(path, 'old, and longer', { mode: 0o600 });

    await shellOf().upload('new', path, { ...patient(), mode: 0o644 });

    expect(Buffer.from(await shellOf().download(path, patient())).toString()).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o644);
    expect(await readdir(join(path, '..'))).toEqual(['file']);
  });

  it('does not put a file into a directory that has its name', async () => {
    const path = await mkdtemp(join(directory, 'occupied-'));

    await expect(shellOf().upload('x', path, patient())).rejects.toThrow(CommandFailedError);

    expect(await readdir(path)).toEqual([]);
  });

  it('says so when there is no file to read, and fails otherwise when it cannot be read', async () => {
    await expect(shellOf().download(join(directory, 'none'), patient())).rejects.toThrow(NotFoundError);
    await expect(shellOf().download(directory, patient())).rejects.toThrow(CommandFailedError);
  });

  it('carries thirty commands at once', async () => {
    const run = (index: number) => shellOf().run('echo', [String(index)], patient());

    const results = await Promise.all(Array.from({ length: 30 }, (_, index) => run(index)));

    expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 30 }, (_, index) => index));
  });
});

describe('a shell on this host', () => {
  it('ends a command with its children when the time limit passes, also one that ignores SIGTERM', async () => {
    const seconds = `4711.${String(process.pid)}`;
    const script = `trap '' TERM; sleep ${seconds} & wait; sleep ${seconds}`;

    await expect(pool.local.run('sh', ['-c', script], patient({ timeoutMs: 500 }))).rejects.toThrow(
      OutcomeUnknownError,
    );

    await vi.waitFor(async () => expect(await processesWith(seconds)).toEqual([]), 10_000);
  });

  it('would see that process if it lived (control)', async () => {
    const seconds = `0815.${String(process.pid)}`;
    const running = pool.local.run('sleep', [seconds], patient({ timeoutMs: 5000 })).catch(() => 'ended');

    await vi.waitFor(async () => expect(await processesWith(seconds)).not.toEqual([]), 4_000);

    await running;
  });
});
