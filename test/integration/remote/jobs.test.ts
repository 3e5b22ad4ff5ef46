import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { ConflictError, InvalidInputError, UnsupportedError } from '../../../src/domain/errors.ts';
import type { Fence } from '../../../src/domain/fence.ts';
import type { JobSpec, JobState } from '../../../src/remote/job.ts';
import { createJobs } from '../../../src/remote/jobs.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import { createShellPool, type ShellPool } from '../../../src/remote/shell-pool.ts';
import type { Shell } from '../../../src/remote/shell.ts';
import { startSshd, type Sshd } from '../../support/sshd.ts';

const jobs = createJobs({ pollIntervalMs: 50 });
const owner = 'captureImage/lab-07/1';
let sshd: Sshd;
let pool: ShellPool;
let root: string;
/** The job of the running test; `end` in afterEach would hide a leak, so each test ends its own. */
let directory: string;
let number = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'imprint-jobs-'));
  sshd = await startSshd();
  pool = createShellPool();
});
afterAll(async () => {
  await pool.closeAll();
  await sshd.stop();
  await rm(root, { recursive: true });
});
beforeEach(() => {
  number += 1;
  directory = join(root, 'of a node', `job-${String(number)}`);
});

function overSsh(): Shell {
  const privateKey = () => Promise.resolve(sshd.privateKey);
  return pool.ssh({ address: '127.0.0.1', port: sshd.port, user: 'root', privateKey, hostKeys: sshd.hostKeys });
}

function contextOf(signal = new AbortController().signal): CallContext {
  return { signal, progress: () => undefined };
}

function fenceOf(epoch: number, by = owner): Fence {
  return { node: 'lab-07', owner: by, epoch };
}

function specOf(script: string, changes: Partial<JobSpec> = {}): JobSpec {
  const args = ['-c', script, 'job', directory];
  return { id: `copy ${String(number)}`, directory, fence: fenceOf(1), file: 'sh', args, ...changes };
}

const waitFor = (shell: Shell, spec: JobSpec): Promise<JobState> =>
  jobs.wait(shell, spec, () => undefined, contextOf());
const end = (shell: Shell, epoch = 9): Promise<void> => jobs.end(shell, directory, fenceOf(epoch), contextOf());

describe.each([
  ['on this host', () => pool.local],
  ['over SSH', overSsh],
])('a job %s', (_where, shellOf) => {
  it('runs to its end and keeps its exit status and outputs', async () => {
    const spec = specOf('echo out; echo err >&2; exit 4');

    await jobs.ensure(shellOf(), spec, contextOf());

    expect(await waitFor(shellOf(), spec)).toMatchObject({
      phase: 'ended',
      exitCode: 4,
      outputTail: 'out\n',
      errorTail: 'err\n',
    });
    await end(shellOf());
  });

  it('gets exactly its arguments, and a directory that only its owner may enter', async () => {
    const args = ['%s\\0', "a'b", 'two\nlines\n', '$HOME `id`', '', '-n', 'a  b'];
    const spec = specOf('', { file: 'printf', args });

    await jobs.ensure(shellOf(), spec, contextOf());
    await waitFor(shellOf(), spec);

    const printed = await readFile(join(directory, 'output'), 'utf8');
    expect(printed.split('\0').slice(0, -1)).toEqual(args.slice(1));
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    await end(shellOf());
  });

  it('is started once, however often and at once it is asked for', async () => {
    const spec = specOf('echo started >>"$1.count"; sleep 0.3');
    const ensure = () => jobs.ensure(shellOf(), spec, contextOf());

    await Promise.all([ensure(), ensure(), ensure(), ensure()]);
    await waitFor(shellOf(), spec);
    await ensure();

    expect(await readFile(`${directory}.count`, 'utf8')).toBe('started\n');
    await end(shellOf());
  });

  it('reports the tail of its output while it runs', async () => {
    const spec = specOf('echo 10%; until [ -e "$1.go" ]; do sleep 0.05; done; echo 100%');
    await jobs.ensure(shellOf(), spec, contextOf());
    const tails: string[] = [];
    const waiting = jobs.wait(shellOf(), spec, (tail) => tails.push(tail), contextOf());

    await vi.waitFor(() => expect(tails.filter((tail) => tail === '10%\n').length).toBeGreaterThan(2), 10_000);
    await writeFile(`${directory}.go`, '');

    expect(await waiting).toMatchObject({ phase: 'ended', exitCode: 0, outputTail: '10%\n100%\n' });
    await end(shellOf());
  });

  it('goes on when the one who waits for it is told to stop', async () => {
    const spec = specOf('until [ -e "$1.go" ]; do sleep 0.05; done; echo done');
    await jobs.ensure(shellOf(), spec, contextOf());
    const controller = new AbortController();
    const reason = new Error('worker shuts down');
    const waiting = jobs.wait(shellOf(), spec, () => controller.abort(reason), contextOf(controller.signal));

    await expect(waiting).rejects.toBe(reason);
    await writeFile(`${directory}.go`, '');

    expect(await waitFor(shellOf(), spec)).toMatchObject({ phase: 'ended', outputTail: 'done\n' });
    await end(shellOf());
  });

  it('that was ended is gone, and ending it again is success', async () => {
    await jobs.ensure(shellOf(), specOf('sleep 60'), contextOf());
    expect(await jobs.read(shellOf(), directory, contextOf())).toMatchObject({ phase: 'running' });

    await end(shellOf());
    await end(shellOf());

    expect(await jobs.read(shellOf(), directory, contextOf())).toEqual({ phase: 'absent' });
    expect((await readdir(join(directory, '..'))).filter((name) => name.startsWith(`job-${String(number)}`))).toEqual([
      `job-${String(number)}.fence`,
      `job-${String(number)}.lock`,
    ]);
  });

  it('that never was is absent, and ending it is success', async () => {
    expect(await jobs.read(shellOf(), directory, contextOf())).toEqual({ phase: 'absent' });

    await end(shellOf());

    expect(await jobs.read(shellOf(), directory, contextOf())).toEqual({ phase: 'absent' });
  });
});

describe('the fence of a job', () => {
  const ensure = (epoch: number, changes: Partial<JobSpec> = {}) =>
    jobs.ensure(pool.local, specOf('sleep 60', { fence: fenceOf(epoch), ...changes }), contextOf());

  it('refuses a lower epoch, and lets an equal and a higher one attach', async () => {
    await ensure(5);

    await expect(ensure(4)).rejects.toThrow(ConflictError);
    expect(await ensure(5)).toMatchObject({ phase: 'running' });
    expect(await ensure(6)).toMatchObject({ phase: 'running' });
    await expect(ensure(5)).rejects.toThrow(/taken over by a later attempt/);
    await end(pool.local);
  });

  it('refuses another owner, to start it as well as to end it', async () => {
    await ensure(5);
    const other = fenceOf(7, 'captureImage/lab-07/2');

    await expect(ensure(7, { fence: other })).rejects.toThrow(/belongs to another run/);
    await expect(jobs.end(pool.local, directory, other, contextOf())).rejects.toThrow(ConflictError);

    expect(await jobs.read(pool.local, directory, contextOf())).toMatchObject({ phase: 'running' });
    await end(pool.local);
  });

  it('refuses another command under the same id', async () => {
    await ensure(5);

    await expect(ensure(5, { args: ['-c', 'sleep 61'] })).rejects.toThrow(/started with another command/);
    await end(pool.local);
  });

  it('stays when the job was ended: an older attempt cannot start it again, the one that ended it can', async () => {
    await ensure(5);
    await end(pool.local, 6);

    await expect(ensure(5)).rejects.toThrow(ConflictError);
    expect(await jobs.read(pool.local, directory, contextOf())).toEqual({ phase: 'absent' });

    expect(await ensure(6)).toMatchObject({ phase: 'running' });
    await end(pool.local);
  });

  it('is raised also by ending what never was', async () => {
    await end(pool.local, 6);

    await expect(ensure(5)).rejects.toThrow(ConflictError);
  });

  it('keeps an older attempt from ending what a later one runs', async () => {
    await ensure(6);

    await expect(end(pool.local, 5)).rejects.toThrow(ConflictError);

    expect(await jobs.read(pool.local, directory, contextOf())).toMatchObject({ phase: 'running' });
    await end(pool.local);
  });
});

describe('jobs', () => {
  it('refuse a directory that could be written in two ways', async () => {
    const spec = specOf('true', { directory: `${directory}/../x` });

    await expect(jobs.ensure(pool.local, spec, contextOf())).rejects.toThrow(InvalidInputError);
  });

  it('say which tool a host lacks', async () => {
    const bare = createLocalShell({ environment: { PATH: await bin(root, ['sh', 'cat', 'mkdir']) } });

    const failure = jobs.ensure(bare, specOf('true'), contextOf());

    await expect(failure).rejects.toThrow(UnsupportedError);
    await expect(failure).rejects.toMatchObject({ evidence: { said: 'flock is not installed\n' } });
  });
});

/** A directory with links to these commands only, as PATH. */
async function bin(parent: string, commands: readonly string[]): Promise<string> {
  const path = await mkdtemp(join(parent, 'bin-'));
  const script = 'directory=$1; shift; for name; do ln -s "$(command -v "$name")" "$directory/$name"; done';
  const options = { signal: new AbortController().signal, timeoutMs: 10_000 };
  await createLocalShell().run('sh', ['-c', script, 'bin', path, ...commands], options);
  return path;
}
