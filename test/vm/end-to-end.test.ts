import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import { UnauthorizedError } from '../../src/domain/errors.ts';
import type { CaptureImageInput } from '../../src/domain/inputs.ts';
import { hostKeysOnConsole } from '../../src/os/linux/first-boot.ts';
import { createSshShell } from '../../src/remote/ssh-shell.ts';
import { makeReadOnly } from '../support/read-only.ts';
import { failureOf } from '../support/runs.ts';
import { sha256Of } from '../support/sha256.ts';
import { startSshd } from '../support/sshd.ts';
import { payloadOf } from '../support/tiny-guest.ts';
import { skipWithout, whyUnavailable, type TestNeed } from '../support/unavailable.ts';
import {
  copiedOnce,
  copiersOf,
  copyStepOf,
  killJob,
  stagedDisk,
  untilAttempt,
  untilCopied,
  type SeenCopy,
} from '../support/vm-copy.ts';
import { leftBy, nodeState } from '../support/vm-facts.ts';
import { dataOfBase, namesIn, startVmImprint, type VmImprint } from '../support/vm-imprint.ts';
import { notPassed, verifyPublished } from '../support/vm-published.ts';
import { atShutdown, breakSeal, flipByte, touchDisk, untilHeld, untilStep } from '../support/vm-faults.ts';
import { saveMachine, type SavedMachine } from '../support/vm-saved.ts';
import type { WorkerProcess } from '../support/worker-process.ts';

const needs: readonly TestNeed[] = ['vm', 'sealCheck', 'ssh', 'temporal', 'postgres'];
const isMissingSomething = (): boolean => needs.some((need) => whyUnavailable(need) !== undefined);
const MIB = 1024 ** 2;
const node = 'vm-1';

let imprint: VmImprint;
let close: () => Promise<void> = () => Promise.resolve();
let worker: WorkerProcess;
/** The node as the load of the base image left it. */
let saved: SavedMachine;

/** The cases go on from each other's machine, in the order of this file: a boot takes a minute. */
beforeAll(async () => {
  if (isMissingSomething()) return;
  // A copy that is held back moves several times in that time; what does not hold only shows it.
  imprint = await startVmImprint({ settings: { IMPRINT_STALL_MINUTES: '0.2' } });
  close = imprint.stop;
  await imprint.addNode(node);
  worker = await imprint.startWorker();
});
afterAll(async () => await close());
beforeEach((context) => skipWithout(context, ...needs));

const inGuest = { signal: new AbortController().signal, timeoutMs: 60_000 };
const capture = async (image: string, options: Partial<CaptureImageInput> = {}) =>
  await imprint.client.startCapture({ node, image, author: 'test', ...options });

const leftOf = async (run: RunHandle<unknown>, image: string) => await leftBy(imprint, node, { run, image });
const nothing = { owner: undefined, revisions: 'no image', staging: [], jobs: [], published: [] };

describe('a load of the base image', () => {
  it('ends READY, although libvirtd is killed while it boots, with host keys read from the console before the first contact', async () => {
    const run = await imprint.client.startLoad({ node, image: 'base' });
    await untilStep(imprint, run, '6.1');
    await imprint.killLibvirt();
    await imprint.startLibvirt();
    const { found } = await run.result();

    const { hostKeys = [], address, sshPort: port } = await imprint.catalog.computers.get(node);
    const shell = await imprint.shellTo(node);
    const inside = await shell.run('cat', ['/etc/ssh/ssh_host_ed25519_key.pub'], inGuest);
    expect(found).toBe('RELOAD');
    expect(hostKeys).toEqual([inside.stdout.trim().split(' ').slice(0, 2).join(' ')]);
    const [console = ''] = (await namesIn(imprint.directoryOf(node))).filter((name) => name.startsWith('console-'));
    expect(hostKeysOnConsole(await readFile(join(imprint.directoryOf(node), console), 'latin1'))).toEqual(hostKeys);
    expect(await imprint.client.nodeStatus(node)).toMatchObject({
      status: 'READY',
      currentimage: 'base-v1',
      ssh: true,
    });
    const steps = await imprint.catalog.runs.steps(run.id);
    const [learned, contact] = ['6.1', '6.2'].map((number) => steps.find((step) => step.number === number));
    expect(learned?.evidence).toEqual({ hostKeys });
    expect(Date.parse(learned?.endedAt ?? '')).toBeLessThanOrEqual(Date.parse(contact?.startedAt ?? ''));
    // The same machine is refused by whoever expects another.
    const other = { address, port, user: 'root', hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA'] };
    await expect(createSshShell(other).run('true', [], inGuest)).rejects.toBeInstanceOf(UnauthorizedError);
    saved = await saveMachine(imprint, node);
  });

  it('keeps an impostor at the node out: a capture is refused, and no credential is sent', async () => {
    const { sshPort: port } = await imprint.catalog.computers.get(node);
    const sshd = await startSshd({ port, config: ['LogLevel DEBUG1'] });
    try {
      const failure = await failureOf(await capture('impostor'));

      expect(failure).toMatchObject({ reason: 'UnauthorizedError' });
      expect(failure.message).toContain(`unexpected host key of root@127.0.0.1:${String(port)}`);
      expect(await sshd.log()).toContain('Connection from 127.0.0.1');
      expect(await sshd.log()).not.toContain('userauth-request');
      // Control: whoever takes this server for the node gives his credentials.
      const { privateKey, hostKeys } = sshd;
      const deceived = { address: '127.0.0.1', port, user: 'root', hostKeys, privateKey: async () => privateKey };
      const shell = createSshShell(deceived);
      await shell.run('true', [], inGuest);
      await shell.close();
      expect(await sshd.log()).toContain('userauth-request');
    } finally {
      await sshd.stop();
    }
  });

  // Control: the captures below, of the same node with the same directory.
  it('is refused before anything is touched when the directory for disks is missing or read-only, and so is a capture', async () => {
    const before = await nodeState(imprint, node);
    const gone = join(imprint.root, 'gone');
    await imprint.addNode('vm-2', { diskDirectory: gone });
    const loading = await failureOf(await imprint.client.startLoad({ node: 'vm-2', image: 'base' }));
    const mend = await makeReadOnly(join(imprint.root, 'machines'));
    const run = await capture('unwritable');
    const capturing = await failureOf(run).finally(mend);

    expect(loading.message).toMatch(
      /vm-2 cannot be loaded: settings\.diskDirectory: .*gone on .* is missing or cannot/,
    );
    expect(capturing.message).toMatch(/vm-1 cannot be captured: settings\.diskDirectory: .*machines on .* missing or/);
    expect(await imprint.catalog.computers.get('vm-2')).toMatchObject({ state: 'available' });
    await expect(access(gone)).rejects.toThrow('ENOENT');
    expect(await imprint.virsh('list', '--all', '--name')).toBe(node);
    expect(await leftOf(run, 'unwritable')).toEqual({ ...nothing, state: 'available' });
    expect(await nodeState(imprint, node)).toEqual(before);
  });
});

describe('a lab machine that holds the base image', () => {
  const lab = 'lab-1';
  const load = async () => await imprint.client.startLoad({ node: lab, image: 'base' });

  /** The machine of the node, as somebody else would have installed it: Imprint knows its address and its host keys, and no more. */
  beforeAll(async () => {
    if (isMissingSomething()) return;
    await saved.restore();
    const { managementNode, address, sshPort, macAddresses, memoryMiB, cpus, hostKeys } =
      await imprint.catalog.computers.get(node);
    const machine = { managementNode, address, sshPort, macAddresses, memoryMiB, cpus, hostKeys: hostKeys ?? [] };
    await imprint.catalog.computers.add({ ...machine, name: lab, provisioningSystem: 'lab', settings: {} });
  });

  it('is confirmed by a load, which only prepares what nobody has prepared', async () => {
    expect(await (await load()).result()).toMatchObject({ found: 'READY' });
    expect(await imprint.client.nodeStatus(lab)).toMatchObject({ status: 'READY', currentimage: 'base-v1' });

    const shell = await imprint.shellTo(node);
    await shell.run('sed', ['-i', '/^vcld_post_load/d', '/root/currentimage.txt'], inGuest);
    expect(await (await load()).result()).toMatchObject({ found: 'POST_LOAD' });
    expect(await imprint.client.nodeStatus(lab)).toMatchObject({ status: 'READY' });
  });

  it('refuses a load of what is not there, a capture, power and unload, and stays as it was', async () => {
    const shell = await imprint.shellTo(node);
    await shell.run('sed', ['-i', '1s/.*/other-v7/', '/root/currentimage.txt'], inGuest);
    const { client } = imprint;
    const runs = {
      loading: await load().then(failureOf),
      capturing: await failureOf(await client.startCapture({ node: lab, image: 'lab', author: 'test' })),
      power: await failureOf(await client.power({ node: lab, action: 'off', force: true })),
      unloading: await failureOf(await client.startUnload(lab)),
    };

    expect(runs.loading.message).toMatch(
      /lab has no loading: other-v7 \(id \d+\) is loaded, base-v1 \(id \d+\) is expected/,
    );
    expect(runs.capturing.message).toContain('lab has no capturing');
    expect(runs.power.message).toContain('lab-1 has no power module');
    expect(runs.unloading.message).toContain('lab has no loading');
    expect(await imprint.catalog.computers.get(lab)).toMatchObject({ state: 'available' });
    expect(await imprint.catalog.claims.find(lab)).toBeUndefined();
    expect(await imprint.virsh('domstate', node)).toBe('running');
  });
});

describe('a guest that does not shut down', () => {
  it('fails the capture at the time limit, and nobody cuts its power', async () => {
    await atShutdown(await saved.restore(), 'sleep 900');
    const run = await capture('stubborn', { shutdownSeconds: 10 });

    const failure = await failureOf(run);

    expect(failure).toMatchObject({ reason: 'DeadlineError' });
    expect(failure.message).toContain(`waited 10 s for Wait until ${node} has powered off`);
    expect(await imprint.virsh('domstate', node)).toBe('running');
    expect(await leftOf(run, 'stubborn')).toEqual({ ...nothing, state: 'maintenance' });
  });

  it('is forced off where an operator allowed it, and the image says so', async () => {
    await atShutdown(await saved.restore(), 'sleep 900');
    // Long enough for the seal, also on a busy machine: an unsealed disk is refused, forced off or not.
    const run = await capture('forced', { shutdownSeconds: 45, allowForcedOff: true, copyRateBytes: 20 * MIB });
    const copy = { run: run.id, disk: 'vda' };
    const before = await untilCopied(imprint, copy, 0.2);
    await killJob(before);

    await run.result();

    const [revision] = await imprint.catalog.revisions.list('forced');
    expect(revision?.manifest?.cleanShutdown).toMatchObject({ kind: 'forced', reason: 'destroyed' });
    expect(notPassed(revision)).toEqual(['file-system']);
    expect(await leftOf(run, 'forced')).toMatchObject({ state: 'available', staging: [], published: ['forced-v1'] });
    // Control of what the next capture shows: this copy's own job was killed, and the copy was begun twice.
    const step = await copyStepOf(imprint, copy);
    expect(step?.evidence).toMatchObject({ startedAgain: expect.stringContaining('was lost') as string });
    expect(copiedOnce([before], step?.evidence)).toBe(false);
  });
});

describe('a capture whose worker is killed with SIGKILL at 10, 50 and 90 % of the copy', () => {
  const seen: SeenCopy[] = [];
  let run: RunHandle<unknown>;
  let disk: string;

  it('goes on with the same job, and copies nothing twice', async () => {
    await saved.restore();
    run = await capture('survivor', { copyRateBytes: 3 * MIB });
    const copy = { run: run.id, disk: 'vda' };
    for (const [kills, share] of [0.1, 0.5, 0.9].entries()) {
      await untilAttempt(imprint, copy, kills + 1);
      const before = await untilCopied(imprint, copy, share);
      await worker.kill();
      const without = await untilCopied(imprint, copy, before.fraction + 0.01);
      seen.push(before, without);
      worker = await imprint.startWorker();
    }

    await run.result();

    const step = await copyStepOf(imprint, copy);
    expect(step).toMatchObject({ state: 'done', attempt: 4 });
    expect(copiedOnce(seen, step?.evidence)).toBe(true);
  });

  it('publishes every disk as it was on the node, with its checksum', async () => {
    const [revision] = await imprint.catalog.revisions.list('survivor');
    const sources = await imprint.virsh('domblklist', node, '--inactive');
    const disks = revision?.manifest?.disks ?? [];
    for (const { name, file, sha256 } of disks) {
      const source = new RegExp(`^\\s*${name}\\s+(\\S+)`, 'm').exec(sources)?.[1] ?? '';
      const published = join(imprint.library.root, 'survivor-v1', file);
      expect(sha256).toBe(await sha256Of(published));
      await execa('qemu-img', ['compare', '-q', '-f', 'qcow2', '-F', 'qcow2', source, published]);
    }
    disk = join(imprint.library.root, 'survivor-v1', 'vda.qcow2');
    expect(disks.map(({ name }) => name)).toEqual(['vda', 'vdb']);
    expect(await payloadOf(join(imprint.library.root, 'survivor-v1', 'vdb.qcow2'))).toBe(dataOfBase);
    expect(revision?.manifest?.cleanShutdown).toMatchObject({ kind: 'clean', reason: 'shutdown' });
    expect(notPassed(revision)).toEqual([]);
    expect(await leftOf(run, 'survivor')).toMatchObject({ state: 'available', staging: [], jobs: [] });
  });

  it('is not loaded once its file was damaged, and the node is as it was', async () => {
    const before = await nodeState(imprint, node);
    await flipByte(disk);

    const failure = await failureOf(await imprint.client.startLoad({ node, image: 'survivor' }));

    expect(failure).toMatchObject({ reason: 'IntegrityError' });
    expect(failure.message).toContain(`${disk}: its content is not what was published`);
    expect(await nodeState(imprint, node)).toEqual(before);
    // Control: with the byte put back the same file is sound.
    await flipByte(disk);
    expect(await verifyPublished(imprint, node, 'survivor')).toMatchObject({ by: 'sha256' });
  });
});

describe('a capture whose libvirtd is killed while the guest shuts down, and again in the copy', () => {
  it('waits for it, takes its word that the guest is off only with the proof on the disk, and copies once', async () => {
    await saved.restore();
    const run = await capture('daemonless', { copyRateBytes: 8 * MIB });
    await untilStep(imprint, run, '5.3');
    await imprint.killLibvirt();
    await imprint.startLibvirt();
    const copy = { run: run.id, disk: 'vda' };
    const before = await untilCopied(imprint, copy, 0.2);
    await imprint.killLibvirt();
    const without = await untilCopied(imprint, copy, 0.4);
    await imprint.startLibvirt();

    await run.result();

    const [revision] = await imprint.catalog.revisions.list('daemonless');
    expect(copiedOnce([before, without], (await copyStepOf(imprint, copy))?.evidence)).toBe(true);
    expect(revision?.manifest?.cleanShutdown.kind).toBe('clean');
    expect(notPassed(revision)).toEqual([]);
    expect(await leftOf(run, 'daemonless')).toMatchObject({ state: 'available', staging: [], jobs: [] });
  });
});

describe('a capture of a guest that breaks its seal while it shuts down', () => {
  it('is not published, and each check that fails is named', async () => {
    await atShutdown(await saved.restore(), breakSeal);
    const run = await capture('unsealed');

    const failure = await failureOf(run);

    expect(failure).toMatchObject({ reason: 'IntegrityError' });
    expect(failure.message).toContain('the seal of unsealed-v1 is broken');
    for (const check of ['machine-id', 'random-seed', 'ssh-host-keys', 'users', 'swap', 'temporary-files']) {
      expect(failure.message).toContain(`${check} (`);
    }
    expect(failure.message).not.toContain('currentimage (');
    expect(await leftOf(run, 'unsealed')).toEqual({ ...nothing, state: 'maintenance' });
  });
});

describe('a capture that is terminated in Temporal during the copy', () => {
  it('goes on copying, until the next load proves its job dead, takes back what it left, and gets the node', async () => {
    await saved.restore();
    const run = await capture('abandoned', { copyRateBytes: 2 * MIB });
    const copy = { run: run.id, disk: 'vda' };
    const { fraction } = await untilCopied(imprint, copy, 0.05);

    await imprint.terminate(run);
    // The control: nothing else ends the copy.
    await untilCopied(imprint, copy, fraction + 0.05);
    expect((await imprint.catalog.claims.find(node))?.owner).toBe(run.id);
    const load = await imprint.client.startLoad({ node, image: 'base' });
    await untilStep(imprint, load, '2');

    expect(await copiersOf(stagedDisk(imprint, copy))).toEqual([]);
    expect(await leftOf(run, 'abandoned')).toEqual({ ...nothing, state: 'loading', owner: load.id });
    const taken = (await imprint.catalog.runs.steps(load.id)).find(({ number }) => number === '1.1');
    expect(taken?.evidence).toMatchObject({ takenFrom: run.id, left: 'maintenance' });
    expect(await run.describe()).toMatchObject({ state: 'terminated' });
    // What the load does with its node is told by other cases: a boot takes a minute.
    await load.cancel();
    await failureOf(load);
  });
});

describe('a capture that is cancelled during the copy', () => {
  it('ends the job, leaves nothing, and gives the node back for maintenance', async () => {
    await saved.restore();
    const run = await capture('unwanted', { copyRateBytes: 3 * MIB });
    const copy = { run: run.id, disk: 'vda' };
    await untilCopied(imprint, copy, 0.05);
    expect(await copiersOf(stagedDisk(imprint, copy))).toHaveLength(1);

    await run.cancel();
    const failure = await failureOf(run);

    expect(failure).toMatchObject({ reason: 'Cancelled' });
    expect(await copiersOf(stagedDisk(imprint, copy))).toEqual([]);
    expect(await leftOf(run, 'unwanted')).toEqual({ ...nothing, state: 'maintenance' });
    expect(await imprint.virsh('domstate', node)).toBe('shut off');
  });

  it('is taken up by another run, which copies the sealed disk without starting the machine', async () => {
    const [cancelled] = await imprint.catalog.runs.list({ node, limit: 1 });
    const starts = async () => (await readFile(imprint.machineLogOf(node), 'utf8')).split('starting up').length;
    const before = await starts();
    const run = await imprint.client.replay(cancelled?.id ?? '', { by: 'test' });
    await run.result();

    const [revision] = await imprint.catalog.revisions.list('unwanted');
    expect(notPassed(revision)).toEqual([]);
    expect(revision?.manifest?.cleanShutdown).toMatchObject({ kind: 'clean', reason: 'shutdown' });
    expect(await verifyPublished(imprint, node, 'unwanted')).toHaveProperty('by');
    expect(await leftOf(run, 'unwanted')).toMatchObject({ state: 'available', staging: [], jobs: [] });
    expect(await starts()).toBe(before);
  });
});

// The last one: a machine that its user got back has other host keys than the one that was saved.
it('a held capture attaches to a copy that stood still, never boots what is sealed, and gives the machine back to its user', async () => {
  await (await saved.restore()).run('useradd', ['-m', 'alice'], inGuest);
  const run = await capture('held', { copyRateBytes: 12 * MIB, onFailure: 'hold' });
  const copy = { run: run.id, disk: 'vda' };
  const who = { by: 'alice', reason: 'needed tomorrow' };
  const before = await untilCopied(imprint, copy, 0.1);
  process.kill(before.pid, 'SIGSTOP');
  const stalled = await untilHeld(imprint, run);
  expect(stalled).toMatchObject({ kind: 'stalled', step: '5.5' });
  await expect(run.power({ action: 'on', ...who })).rejects.toThrow('say rescue instead');
  expect(await imprint.virsh('domstate', node)).toBe('shut off');
  process.kill(before.pid, 'SIGCONT');
  await run.answer('retry', who);
  await run.pause(who);
  const after = await untilCopied(imprint, copy, before.fraction + 0.05);
  const paused = await untilHeld(imprint, run, stalled);
  expect(copiedOnce([before, after], (await copyStepOf(imprint, copy))?.evidence)).toBe(true);
  await touchDisk(imprint, node, 'vdb');
  await run.answer('resume', who);
  expect((await untilHeld(imprint, run, paused)).reason).toMatch(/vdb\.qcow2 changed/);
  await run.answer('rescue', who);
  await failureOf(run);
  expect((await run.describe()).outcome).toMatch(/vm-1 is on again; preCapture had done: .*delete-users \(.*alice/);
  expect(await leftOf(run, 'held')).toEqual({ ...nothing, state: 'available' });
  await (await imprint.shellTo(node)).run('true', [], inGuest);
});
