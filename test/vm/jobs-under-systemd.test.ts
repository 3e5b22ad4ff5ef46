import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CallContext } from '../../src/domain/call-context.ts';
import { buildGuestImage, type GuestImage } from '../../src/platform/guest-image.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import type { JobSpec } from '../../src/remote/job.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import { createSshShell, type ClosableShell } from '../../src/remote/ssh-shell.ts';
import { freePort } from '../support/free-port.ts';

const jobs = createJobs();
const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const options = { ...context, timeoutMs: 60_000 };
const fence = { node: 'lab-07', owner: 'captureImage/lab-07/1', epoch: 1 };
/** Characters that systemd would expand in a command or in a unit's file. */
const directory = '/var/lib/imprint/jobs/of $HOME %n and ${HOME}';
let scratch: string;
let machine: ChildProcess;
let shell: ClosableShell;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'imprint-systemd-'));
  const state = await openStateDirectory();
  const guest = await buildGuestImage({ directory: await state.directory('guest'), report: () => undefined });
  const port = await freePort();
  machine = await boot(guest, port);
  const privateKey = await readFile(guest.privateKey, 'utf8');
  const hostKeys = [await hostKeyAt(port)];
  const target = { address: '127.0.0.1', port, user: 'root', hostKeys, connectTimeoutMs: 60_000 };
  shell = createSshShell({ ...target, privateKey: () => Promise.resolve(privateKey) });
});
afterAll(async () => {
  await shell.close();
  machine.kill('SIGKILL');
  await once(machine, 'exit');
  await rm(scratch, { recursive: true });
});

/** Boots the guest over a disk that forgets: the image itself stays as it is. */
async function boot(guest: GuestImage, port: number): Promise<ChildProcess> {
  const disk = join(scratch, 'disk.qcow2');
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', guest.disk, disk]);
  const args = ['-machine', 'q35,accel=tcg', '-m', '512', '-display', 'none', '-serial', 'none', '-monitor', 'none'];
  const drive = ['-drive', `file=${disk},if=virtio,format=qcow2`];
  const forward = `user,id=net,hostfwd=tcp:127.0.0.1:${String(port)}-:22`;
  const network = ['-netdev', forward, '-device', 'virtio-net-pci,netdev=net'];
  return spawn('qemu-system-x86_64', [...args, ...drive, ...network], { stdio: 'ignore' });
}

/** What the guest shows first. Enough here: the machine was made by this test, and nobody else is on its way. */
async function hostKeyAt(port: number): Promise<string> {
  const scan = ['-T', '20', '-t', 'ed25519', '-p', String(port), '127.0.0.1'];
  return await vi.waitFor(
    async () => {
      const { stdout } = await execa('ssh-keyscan', scan);
      expect(stdout).toContain('ssh-ed25519');
      return stdout.trim().split(' ').slice(1).join(' ');
    },
    { timeout: 10 * 60_000, interval: 2000 },
  );
}

function specOf(script: string, changes: Partial<JobSpec> = {}): JobSpec {
  return {
    id: 'copy $1 %i',
    directory,
    fence,
    file: 'sh',
    args: ['-c', script, 'job', '$HOME ${HOME} %n'],
    ...changes,
  };
}

const wait = (spec: JobSpec) => jobs.wait(shell, spec, () => undefined, context);
const end = () => jobs.end(shell, directory, fence, context);

async function linesOf(file: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await shell.run(file, args, { ...options, allowedExitCodes: [0, 1] });
  return stdout.split('\n').filter((line) => line !== '');
}
const units = () => linesOf('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'imprint-job-*');

describe('a job on a machine with systemd', () => {
  it('is a unit of its own, gets exactly its arguments, and leaves no unit behind', async () => {
    const spec = specOf(
      'echo "$1"; echo "$IMPRINT_JOB"; cat /proc/self/cgroup; until [ -e /run/go ]; do sleep 0.1; done; exit 4',
    );

    await jobs.ensure(shell, spec, context);

    expect(await units()).toEqual([expect.stringMatching(/^imprint-job-[0-9a-f]+\.service loaded active running/)]);
    await shell.run('touch', ['/run/go'], options);
    const state = await wait(spec);
    expect(state).toMatchObject({ phase: 'ended', exitCode: 4 });
    expect(state).toMatchObject({
      outputTail: expect.stringMatching(
        /^\$HOME \$\{HOME\} %n\ncopy \$1 %i\n0::\/system\.slice\/imprint-job-[0-9a-f]+\.service\n$/,
      ),
    });
    await end();
    expect(await units()).toEqual([]);
  });

  it('outlives the service over which it was started', async () => {
    await jobs.ensure(shell, specOf('sleep 4713'), context);

    await shell.run('systemctl', ['restart', 'ssh'], options);

    expect(await jobs.read(shell, directory, context)).toMatchObject({ phase: 'running' });
    await end();
  });

  it('leaves no process when it is ended, not even one that left its session and cleared its environment', async () => {
    const spec = specOf("trap '' TERM; env -i setsid /bin/sleep 4714 & echo begun; sleep 4714; sleep 4714");
    await jobs.ensure(shell, spec, context);
    await vi.waitFor(async () => expect(await linesOf('pgrep', '-x', 'sleep')).toHaveLength(2), 30_000);

    await end();

    expect(await linesOf('pgrep', '-x', 'sleep')).toEqual([]);
    expect(await jobs.read(shell, directory, context)).toEqual({ phase: 'absent' });
  });

  it('that was killed is lost, and can be started again under the same name', async () => {
    const spec = specOf('sleep 4715');
    await jobs.ensure(shell, spec, context);
    await shell.run('systemctl', ['kill', '--signal=KILL', 'imprint-job-*'], options);
    expect(await wait(spec)).toMatchObject({ phase: 'lost' });

    await end();

    expect(await jobs.ensure(shell, spec, context)).toMatchObject({ phase: 'running' });
    await end();
  });
});
