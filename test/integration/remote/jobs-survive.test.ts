import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { OutcomeUnknownError } from '../../../src/domain/errors.ts';
import type { JobSpec } from '../../../src/remote/job.ts';
import { createJobs } from '../../../src/remote/jobs.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import { createSshShell } from '../../../src/remote/ssh-shell.ts';
import { startSshd } from '../../support/sshd.ts';

const jobs = createJobs({ pollIntervalMs: 50 });
const shell = createLocalShell();
const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const fence = { node: 'lab-07', owner: 'captureImage/lab-07/1', epoch: 1 };
const roots: string[] = [];
let directory: string;

beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'imprint-jobs-'));
  roots.push(root);
  directory = join(root, 'job');
});
afterEach(() => jobs.end(shell, directory, { ...fence, epoch: 99 }, context));
afterAll(async () => {
  for (const root of roots) await rm(root, { recursive: true });
});

function specOf(script: string, changes: Partial<JobSpec> = {}): JobSpec {
  return { id: 'copy', directory, fence, file: 'sh', args: ['-c', script, 'job', directory], ...changes };
}

/** Ends by itself only when the file `<directory>.go` is there. */
const untilTold = 'echo begun; until [ -e "$1.go" ]; do sleep 0.05; done; echo done';

async function leaderOf(job: string): Promise<number> {
  return Number((await readFile(join(job, 'process'), 'utf8')).split(' ')[0]);
}

/** What lives in the job's session or carries its mark: read from /proc here, independently of the code under test. */
async function livingProcesses(session: number): Promise<string[]> {
  const living: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [state, , , itsSession] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const isMarked = environment.split('\0').includes(`IMPRINT_JOB_DIRECTORY=${directory}`);
    if (state !== 'Z' && (isMarked || itsSession === String(session))) living.push(stat);
  }
  return living;
}

async function outputOf(job: string): Promise<string> {
  return readFile(join(job, 'output'), 'utf8').catch(() => '');
}

describe('a job outlives', () => {
  it('the worker that started it, killed with its process group', async () => {
    const worker = startWorker(specOf(untilTold));
    await vi.waitFor(async () => expect(await outputOf(directory)).toBe('begun\n'), 20_000);

    process.kill(-(worker.pid ?? 0), 'SIGKILL');
    await once(worker, 'exit');

    expect(await jobs.read(shell, directory, context)).toMatchObject({ phase: 'running' });
    await writeFile(`${directory}.go`, '');
    expect(await jobs.wait(shell, specOf(untilTold), () => undefined, context)).toMatchObject({
      phase: 'ended',
      exitCode: 0,
      outputTail: 'begun\ndone\n',
    });
  });

  it('unlike a plain child of that worker, which dies with the group (control)', async () => {
    const worker = startWorker(specOf(untilTold), 'child');
    await vi.waitFor(async () => expect(await outputOf(`${directory}.child`)).toBe('begun\n'), 20_000);
    const pid = Number(await readFile(`${directory}.child/pid`, 'utf8'));

    process.kill(-(worker.pid ?? 0), 'SIGKILL');

    await vi.waitFor(async () => expect(await stateOfProcess(pid)).toMatch(/^(Z|gone)$/), 10_000);
  });

  it('the command that starts it, in a session of its own without a terminal', async () => {
    await jobs.ensure(shell, specOf('sleep 60'), context);

    const leader = await leaderOf(directory);

    const stat = await readFile(`/proc/${String(leader)}/stat`, 'utf8');
    const [, , , session, terminal] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    expect({ session, terminal }).toEqual({ session: String(leader), terminal: '0' });
  });

  it('the SSH connection over which it was started', async () => {
    const sshd = await startSshd();
    const { port, hostKeys, privateKey } = sshd;
    const key = () => Promise.resolve(privateKey);
    const remote = createSshShell({ address: '127.0.0.1', port, user: 'root', privateKey: key, hostKeys });
    const spec = specOf(untilTold);
    await jobs.ensure(remote, spec, context);
    const plain = remote.run('sleep', ['60'], { signal: context.signal, timeoutMs: 60_000 });
    const outcome = plain.catch((error: unknown) => error);
    await vi.waitFor(async () => expect((await sshd.log()).match(/Starting session/g)).toHaveLength(2), 10_000);

    await sshd.killConnections();

    expect(await outcome).toBeInstanceOf(OutcomeUnknownError);
    expect(await jobs.read(remote, directory, context)).toMatchObject({ phase: 'running' });
    await writeFile(`${directory}.go`, '');
    expect(await jobs.wait(remote, spec, () => undefined, context)).toMatchObject({ phase: 'ended', exitCode: 0 });
    await remote.close();
    await sshd.stop();
  });
});

describe('a job is lost', () => {
  it('when all of its processes were killed before it could write its exit status', async () => {
    const spec = specOf('echo begun; sleep 60');
    await jobs.ensure(shell, spec, context);
    await vi.waitFor(async () => expect(await outputOf(directory)).toBe('begun\n'), 10_000);

    process.kill(-(await leaderOf(directory)), 'SIGKILL');

    const state = await jobs.wait(shell, spec, () => undefined, context);
    expect(state).toEqual({ phase: 'lost', outputTail: 'begun\n', errorTail: '' });
    expect(await jobs.ensure(shell, spec, context)).toMatchObject({ phase: 'lost' });
  });

  it('but ended with 137 when only its command was killed', async () => {
    const spec = specOf('kill -9 $$');

    await jobs.ensure(shell, spec, context);

    expect(await jobs.wait(shell, spec, () => undefined, context)).toMatchObject({ phase: 'ended', exitCode: 137 });
  });

  it('not as long as a process of it works on', async () => {
    const spec = specOf(untilTold);
    await jobs.ensure(shell, spec, context);
    await vi.waitFor(async () => expect(await outputOf(directory)).toBe('begun\n'), 10_000);

    process.kill(await leaderOf(directory), 'SIGKILL');

    expect(await jobs.read(shell, directory, context)).toMatchObject({ phase: 'running' });
    await writeFile(`${directory}.go`, '');
    expect(await jobs.wait(shell, spec, () => undefined, context)).toMatchObject({
      phase: 'lost',
      outputTail: 'begun\ndone\n',
    });
  });

  it('when the host was started again, or its process number belongs to another process', async () => {
    await jobs.ensure(shell, specOf('sleep 60'), context);
    const path = join(directory, 'process');
    const [pid = '', began = '', boot = '', started = ''] = (await readFile(path, 'utf8')).trim().split(' ');
    expect(await jobs.read(shell, directory, context)).toMatchObject({ phase: 'running' });

    await writeFile(path, `${pid} ${began} 00000000-0000-0000-0000-000000000000 ${started}\n`);
    expect(await jobs.read(shell, directory, context)).toMatchObject({ phase: 'lost' });

    await writeFile(path, `1 ${began}1 ${boot} ${started}\n`);
    process.kill(-Number(pid), 'SIGKILL');
    const isLost = async () => expect(await jobs.read(shell, directory, context)).toMatchObject({ phase: 'lost' });
    await vi.waitFor(isLost, 10_000);
  });

  it('and can be started again after it was ended', async () => {
    const spec = specOf('sleep 60');
    await jobs.ensure(shell, spec, context);
    process.kill(-(await leaderOf(directory)), 'SIGKILL');

    await jobs.end(shell, directory, fence, context);

    expect(await jobs.ensure(shell, spec, context)).toMatchObject({ phase: 'running' });
  });
});

describe('ending a job leaves no process of it', () => {
  it.each([
    ['plain', 'echo begun; sleep 60'],
    ['that ignores SIGTERM', "trap '' TERM HUP INT; echo begun; sleep 60; sleep 60; sleep 60"],
    ['with grandchildren in the background', '(sleep 60 & sleep 60 &) ; echo begun; sleep 60'],
    ['in a session of its own', '(setsid sh -c "trap : TERM; sleep 60; sleep 60" &) ; echo begun; sleep 60'],
    ['that cleared its environment', 'env -i /bin/sleep 60 & echo begun; sleep 60'],
    ['that was stopped', 'echo begun; kill -STOP $$; sleep 60'],
    ['left behind by a command that has ended', '(setsid sleep 60 &) ; echo begun'],
  ])('%s', async (_kind, script) => {
    await jobs.ensure(shell, specOf(script), context);
    await vi.waitFor(async () => expect(await outputOf(directory)).toBe('begun\n'), 10_000);
    const session = await leaderOf(directory);
    expect(await livingProcesses(session)).not.toEqual([]);

    await jobs.end(shell, directory, fence, context);

    expect(await livingProcesses(session)).toEqual([]);
    expect(await jobs.read(shell, directory, context)).toEqual({ phase: 'absent' });
  });

  it('and touches no stranger that has the number of a leader long gone', async () => {
    const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    await jobs.ensure(shell, specOf('true'), context);
    await jobs.wait(shell, specOf('true'), () => undefined, context);
    const [, began = '', ...rest] = (await readFile(join(directory, 'process'), 'utf8')).split(' ');
    await writeFile(join(directory, 'process'), [String(stranger.pid), began, ...rest].join(' '));

    await jobs.end(shell, directory, fence, context);

    expect(await stateOfProcess(stranger.pid ?? 0)).toBe('S');
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
  });

  it('also when its directory was taken away', async () => {
    await jobs.ensure(shell, specOf('echo begun; sleep 60'), context);
    const session = await leaderOf(directory);
    await rm(directory, { recursive: true });

    await jobs.end(shell, directory, fence, context);

    expect(await livingProcesses(session)).toEqual([]);
  });
});

async function stateOfProcess(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => ') gone');
  return stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[0] ?? '';
}

/** A process of its own that starts the job as a worker would, or (for a control) runs its command as a plain child. */
function startWorker(spec: JobSpec, how: 'job' | 'child' = 'job'): ChildProcess {
  const source = (name: string): string => fileURLToPath(new URL(`../../../src/remote/${name}`, import.meta.url));
  const asJob = `
    import { createJobs } from ${JSON.stringify(source('jobs.ts'))};
    import { createLocalShell } from ${JSON.stringify(source('local-shell.ts'))};
    const spec = JSON.parse(process.argv[1]);
    const context = { signal: new AbortController().signal, progress: () => undefined };
    const jobs = createJobs({ pollIntervalMs: 50 });
    await jobs.ensure(createLocalShell(), spec, context);
    await jobs.wait(createLocalShell(), spec, () => undefined, context);`;
  const asChild = `
    import { spawn } from 'node:child_process';
    import { mkdirSync, openSync, writeFileSync } from 'node:fs';
    const spec = JSON.parse(process.argv[1]);
    const directory = spec.directory + '.child';
    mkdirSync(directory);
    const child = spawn(spec.file, spec.args, { stdio: ['ignore', openSync(directory + '/output', 'w'), 'ignore'] });
    writeFileSync(directory + '/pid', String(child.pid));`;
  const program = how === 'job' ? asJob : asChild;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program, '--', JSON.stringify(spec)];
  return spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'ignore', 'inherit'] });
}
