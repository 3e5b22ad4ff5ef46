import { randomBytes } from 'node:crypto';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { need, type Provisioner } from '../../src/provisioners/provisioner.ts';
import { createShellPool, type ShellPool } from '../../src/remote/shell-pool.ts';
import { defineByHand } from '../support/domain-by-hand.ts';
import {
  captureRequest,
  createLibvirtWorld,
  laterAttempt,
  type LibvirtWorld,
  loadRequest,
  publishTiny,
} from '../support/libvirt-world.ts';
import { startImprint } from '../support/imprint.ts';
import { publishByHand } from '../support/published-image.ts';
import { act, carryOut } from '../support/plan-runner.ts';
import { startSshd, type Sshd } from '../support/sshd.ts';
import { payloadOf } from '../support/tiny-guest.ts';

let world: LibvirtWorld;
let sshd: Sshd;
let pool: ShellPool;
let provisioner: Provisioner;
let host: Record<string, unknown>;

beforeAll(async () => {
  [world, sshd] = await Promise.all([createLibvirtWorld(), startSshd()]);
  pool = createShellPool();
  host = { kind: 'ssh', address: '127.0.0.1', port: sshd.port, keySecret: 'host-key', hostKeys: [...sshd.hostKeys] };
  provisioner = world.provisionerWith({
    shellFor: (settings) => {
      if (settings.kind === 'local') return pool.local;
      const { address, port, user, hostKeys } = settings;
      return pool.ssh({ address, port, user, hostKeys, privateKey: async () => sshd.privateKey });
    },
  });
});
afterAll(async () => {
  await pool.closeAll();
  await sshd.stop();
  await world.close();
});

const MIB = 1_048_576;

describe('a host of domains over SSH', () => {
  it('loads and captures with a library of its own', async () => {
    const root = join(world.root, 'host-library');
    await mkdir(join(root, '.staging'), { recursive: true });
    const computer = world.computer('ssh-01', { host, library: { own: { name: 'kvm-01', root } } });
    const library = provisioner.libraryOf?.(computer);
    if (library === undefined) throw new Error('the settings give a library');
    const revision = await publishTiny(library, 1);
    const loading = need(provisioner, 'loading');
    const load = loadRequest(library, computer, revision);
    const { context } = world;

    expect(library).toMatchObject({ name: 'kvm-01', root });
    expect(await loading.check(load, context)).toEqual([]);
    await carryOut({ steps: loading.steps, request: load, context }, await loading.plan(load, context));
    await vi.waitFor(
      async () => expect(await provisioner.consoleText?.(computer, context)).toContain('hello from tiny-v1'),
      {
        timeout: 60_000,
      },
    );
    const capturing = need(provisioner, 'capturing');
    const capture = captureRequest(library, computer, 2);
    expect((await capturing.check(capture, context)).problems).toEqual([]);
    await carryOut({ steps: capturing.steps, request: capture, context }, await capturing.plan(capture, context));

    expect(await payloadOf(join(capture.staging, 'vda.qcow2'))).toBe('tiny-v1:vda');
    expect(await sshd.loginCount()).toBe(1);
  });

  it('sees the library of the management node at another place', async () => {
    const sharedAt = join(world.root, 'mounted');
    await symlink(world.library.root, sharedAt);
    const computer = world.computer('ssh-02', { host, library: { sharedAt } });
    const revision = await publishTiny(world.library, 3);
    const loading = need(provisioner, 'loading');
    const request = loadRequest(world.library, computer, revision);
    const { context } = world;

    expect(await loading.check(request, context)).toEqual([]);
    await carryOut({ steps: loading.steps, request, context }, await loading.plan(request, context));

    expect(await world.virsh('dumpxml', '--inactive', 'ssh-02')).toContain(`${sharedAt}/tiny-v3/vda.qcow2`);
    expect(await readdir(join(world.library.root, '.nonces'))).toEqual([]);
    await need(provisioner, 'power').forceOff(computer, context);
  });

  it('goes on with a copy after the connection broke', async () => {
    const computer = world.computer('ssh-03', { host });
    const disk = await defineByHand(world, computer, { payload: randomBytes(48 * MIB) });
    const capturing = need(provisioner, 'capturing');
    const request = { ...captureRequest(world.library, computer, 4), copyRateBytes: 8 * MIB };
    const runner = { steps: capturing.steps, request, context: world.context };
    const plan = await capturing.plan(request, world.context);
    await carryOut(runner, plan.slice(0, -1));
    const copy = plan.at(-1);
    if (copy === undefined) throw new Error('the plan is empty');

    // Whether this attempt notices depends on when the connection breaks: between two looks at the job nobody does.
    const firstAttempt = act(runner, copy).catch((error: unknown) => error);
    await vi.waitFor(() => expect(world.progress.some(({ what }) => what === 'Copy vda of ssh-03')).toBe(true), {
      timeout: 30_000,
    });
    await sshd.killConnections();
    await firstAttempt;
    const evidence = await act({ ...runner, request: { ...request, fence: laterAttempt(request.fence) } }, copy);

    expect(await sshd.loginCount()).toBe(2);
    expect(evidence).not.toHaveProperty('startedAgain');
    await execa('qemu-img', ['compare', '-f', 'qcow2', '-F', 'qcow2', disk, join(request.staging, 'vda.qcow2')]);
  });
});

describe("deleting an image whose library is a host's own", () => {
  it('is done over SSH by the worker of a node that names the library, and takes nothing else', async () => {
    const root = join(world.root, 'deleting');
    await mkdir(join(root, '.staging'), { recursive: true });
    const imprint = await startImprint({ settings: { IMPRINT_SECRET_HOST_KEY: sshd.privateKey } });
    try {
      const own = { name: 'kvm-02', root };
      const { id: _id, state: _state, ...computer } = world.computer('ssh-04', { host, library: { own } });
      await imprint.catalog.computers.add(computer);
      const [old] = [await publishByHand(imprint, 'web', own), await publishByHand(imprint, 'web', own)];
      await imprint.catalog.revisionLife.promote({ image: 'web', revision: 2 }, 'test');
      await imprint.catalog.revisionLife.retire(old, 'test');
      const logins = await sshd.loginCount();
      await imprint.startWorkerHere();

      const run = await imprint.client.startDeletion(old);
      expect(await run.result()).toEqual({ image: 'web', revision: 1, libraries: ['kvm-02'] });

      expect((await readdir(root)).sort()).toEqual(['.staging', '.trash', 'web-v2']);
      expect(await readdir(join(root, '.trash'))).toEqual([]);
      expect(await imprint.catalog.copies.list(old.id)).toEqual([]);
      // The control: without the host nothing could have been deleted.
      expect(await sshd.loginCount()).toBe(logins + 1);
    } finally {
      await imprint.stop();
    }
  });
});
