import { createHash, randomBytes } from 'node:crypto';
import { appendFile, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { Computer } from '../../src/domain/computer.ts';
import type { Evidence, PlanStep } from '../../src/domain/plan.ts';
import { planFromSealed } from '../../src/activities/take-up.ts';
import { type CaptureRequest, type Capturing, need } from '../../src/provisioners/provisioner.ts';
import { defineByHand, defineDomain } from '../support/domain-by-hand.ts';
import {
  captureRequest,
  createLibvirtWorld,
  laterAttempt,
  type LibvirtWorld,
  loadRequest,
  publishTiny,
} from '../support/libvirt-world.ts';
import { act, carryOut, type PlanRunner, undo } from '../support/plan-runner.ts';
import { makeTinyDisk, payloadOf } from '../support/tiny-guest.ts';

let world: LibvirtWorld;
let capturing: Capturing;

beforeAll(async () => {
  world = await createLibvirtWorld();
  capturing = need(world.provisioner, 'capturing');
});
afterAll(async () => world.close());

const MIB = 1_048_576;

const runner = (request: CaptureRequest, context: CallContext = world.context): PlanRunner<CaptureRequest> => ({
  steps: capturing.steps,
  request,
  context,
});

/** The same run, as its next attempt asks. */
const again = (request: CaptureRequest): CaptureRequest => ({ ...request, fence: laterAttempt(request.fence) });

let revisions = 10;
function newRequest(computer: Computer, change: Partial<CaptureRequest> = {}): CaptureRequest {
  revisions += 1;
  return { ...captureRequest(world.library, computer, revisions), ...change };
}

const planOf = (request: CaptureRequest): Promise<readonly PlanStep[]> => capturing.plan(request, world.context);
const hashOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

async function bootByHand(name: string, options: Parameters<typeof defineByHand>[2] = {}) {
  const computer = world.computer(name);
  const disk = await defineByHand(world, computer, options);
  await world.virsh('start', name);
  const console = join(world.root, `${name}.console`);
  // Before the guest has enabled the power button nobody hears it.
  await vi.waitFor(async () => expect(await readFile(console, 'latin1')).toContain('hello'), { timeout: 60_000 });
  return { computer, disk };
}

/** Everything up to the copies: the domain is off, and it was noted. */
async function prepareCopy(name: string, change: Partial<CaptureRequest> = {}, payload?: Buffer) {
  const { computer, disk } = await bootByHand(name, payload === undefined ? {} : { payload });
  const request = newRequest(computer, change);
  const plan = await planOf(request);
  await carryOut(runner(request), plan.slice(0, -1));
  const copy = plan.at(-1);
  if (copy === undefined) throw new Error('the plan is empty');
  return { computer, disk, request, plan, copy, target: join(request.staging, 'vda.qcow2') };
}

/** Processes of a copy: whatever names its target on its command line. */
async function copiersOf(target: string): Promise<readonly number[]> {
  const { stdout } = await execa('ps', ['-eo', 'pid=,args=']);
  const lines = stdout.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => /^\d+ qemu-img convert /.test(line) && line.endsWith(target))
    .map((line) => Number.parseInt(line));
}

async function waitForCopier(target: string): Promise<number> {
  return await vi.waitFor(
    async () => {
      const [pid] = await copiersOf(target);
      if (pid === undefined) throw new Error('no copy runs');
      return pid;
    },
    { timeout: 30_000 },
  );
}

describe('a capture on libvirt', () => {
  it('copies all disks of a system that shut down, each in the format of its definition', async () => {
    const looksLikeQcow2 = join(world.root, 'tricky.raw');
    await makeTinyDisk(`${looksLikeQcow2}.qcow2`, 'inner');
    await writeFile(looksLikeQcow2, await readFile(`${looksLikeQcow2}.qcow2`));
    const { computer, disk } = await bootByHand('cap-01', { extra: [{ path: looksLikeQcow2, format: 'raw' }] });
    const request = newRequest(computer);

    const plan = await planOf(request);
    const evidence = await carryOut(runner(request), plan);
    const staged = await capturing.staged(request, world.context);

    expect(plan.map(({ id }) => id)).toEqual(['ask-off', 'confirm-off', 'describe', 'copy-vda', 'copy-vdb']);
    expect(evidence['confirm-off']).toMatchObject({ off: true, reason: 'shutdown', forced: false });
    expect(staged).toMatchObject({ offReason: 'shutdown', forced: false, disks: [{ name: 'vda' }, { name: 'vdb' }] });
    await execa('qemu-img', ['compare', '-f', 'qcow2', '-F', 'qcow2', disk, join(request.staging, 'vda.qcow2')]);
    await execa('qemu-img', [
      'compare',
      '-f',
      'raw',
      '-F',
      'qcow2',
      looksLikeQcow2,
      join(request.staging, 'vdb.qcow2'),
    ]);
    expect(staged.definition).not.toMatch(/cap-01|52:54:00|uuid|by-hand/);
  });

  it('flattens the chain of a node that was loaded copy-on-write', async () => {
    const computer = world.computer('cap-02');
    const loading = need(world.provisioner, 'loading');
    const load = loadRequest(world.library, computer, await publishTiny(world.library, 1));
    await carryOut(
      { steps: loading.steps, request: load, context: world.context },
      await loading.plan(load, world.context),
    );
    await vi.waitFor(
      async () => expect(await world.provisioner.consoleText?.(computer, world.context)).toContain('hello'),
      {
        timeout: 60_000,
      },
    );
    const request = newRequest(computer);

    await carryOut(runner(request), await planOf(request));

    const copy = join(request.staging, 'vda.qcow2');
    expect(await payloadOf(copy)).toBe('tiny-v1:vda');
    const { stdout } = await execa('qemu-img', ['info', '-f', 'qcow2', copy]);
    expect(stdout).not.toContain('backing');
  });

  it('succeeds when every step runs twice', async () => {
    const { computer, disk } = await bootByHand('cap-03');
    const request = newRequest(computer);

    for (const step of await planOf(request)) {
      await act(runner(again(request)), step);
      await act(runner(again(request)), step);
    }

    await execa('qemu-img', ['compare', '-f', 'qcow2', '-F', 'qcow2', disk, join(request.staging, 'vda.qcow2')]);
  });

  it('takes back what each step did, twice, and leaves the source as it was', async () => {
    const { disk, request, plan, copy, target } = await prepareCopy('cap-04');
    const before = await hashOf(disk);
    await act(runner(request), copy);
    expect(await readdir(request.staging)).toContain('vda.qcow2');

    for (const step of plan.toReversed()) {
      await undo(runner(again(request)), step);
      await undo(runner(again(request)), step);
    }

    expect(await readdir(request.staging)).toEqual(['.capture']);
    expect(await copiersOf(target)).toEqual([]);
    expect(await hashOf(disk)).toBe(before);
  });

  it('reports progress of a copy, keeps to its rate, and goes on after the attempt that started it is gone', async () => {
    const { request, copy, target } = await prepareCopy('cap-05', { copyRateBytes: 8 * MIB }, randomBytes(56 * MIB));
    const abort = new AbortController();
    const began = Date.now();
    const firstAttempt = act(runner(request, { ...world.context, signal: abort.signal }), copy);
    const pid = await waitForCopier(target);
    abort.abort();
    await expect(firstAttempt).rejects.toThrow();

    const evidence = await act(runner(again(request)), copy);

    expect(evidence).not.toHaveProperty('startedAgain');
    expect(pid).toBeGreaterThan(0);
    expect(Date.now() - began).toBeGreaterThan(4_000);
    // qemu-img counts what it has begun: up to 16 MiB are on their way.
    const fractions = world.progress
      .filter(({ what }) => what === 'Copy vda of cap-05')
      .map(({ fraction }) => fraction ?? 0);
    expect(fractions.some((fraction) => fraction > 0.1 && fraction < 0.9)).toBe(true);
  });

  it('starts a copy again when its job was killed, and says so', async () => {
    const { disk, request, copy, target } = await prepareCopy(
      'cap-06',
      { copyRateBytes: 4 * MIB },
      randomBytes(16 * MIB),
    );
    const firstAttempt = act(runner(request), copy).catch((error: unknown) => error);
    process.kill(await killableOf(await waitForCopier(target)), 'SIGKILL');
    const failure = await firstAttempt;

    const evidence = await act(runner(again(request)), copy);

    expect(failure).toMatchObject({ retryable: true });
    expect(evidence).toHaveProperty('startedAgain');
    await execa('qemu-img', ['compare', '-f', 'qcow2', '-F', 'qcow2', disk, target]);
  });

  it('ends a running copy when it is taken back', async () => {
    const { request, copy, target } = await prepareCopy('cap-07', { copyRateBytes: MIB }, randomBytes(16 * MIB));
    const attempt = act(runner(request), copy).catch((error: unknown) => error);
    await waitForCopier(target);

    await undo(runner(again(request)), copy);

    expect(await copiersOf(target)).toEqual([]);
    expect(await readdir(request.staging)).toEqual(['.capture']);
    expect(await attempt).toBeInstanceOf(Error);
  });

  it('refuses a source that was written to, or started, since it was seen off', async () => {
    const touched = await prepareCopy('cap-08');
    await appendFile(touched.disk, 'x');
    const started = await prepareCopy('cap-09');
    await world.virsh('start', 'cap-09');

    await expect(act(runner(again(touched.request)), touched.copy)).rejects.toThrow(`${touched.disk} changed`);
    await expect(act(runner(again(started.request)), started.copy)).rejects.toThrow('it is running (booted)');
  });

  it('is made by a later run from disks that an earlier one saw off, and from no others', async () => {
    const { computer, disk, request, plan } = await prepareCopy('cap-13');
    const confirm = plan.find(({ kind }) => kind === 'confirmOff');
    if (confirm === undefined) throw new Error('the plan does not wait for off');
    const noted = await act(runner(request), confirm);
    const later = newRequest(computer);
    const prove = async (off: Evidence) => await capturing.proveOff?.(later, off, world.context);

    await prove(noted);
    const revision = { id: 1, image: 'tiny', revision: 1, name: 'tiny-v1' };
    const taken = planFromSealed(await planOf(later), { run: 'earlier', revision, step: '5.2', noted }, computer.name);
    expect(taken.map(({ id }) => id)).toEqual(['prove-off', 'describe', 'copy-vda']);
    await carryOut(runner(later), taken);
    expect(await capturing.staged(later, world.context)).toMatchObject({ forced: false, offReason: 'shutdown' });
    await execa('qemu-img', ['compare', disk, join(later.staging, 'vda.qcow2')]);

    await expect(prove({})).rejects.toThrow('nobody noted it');
    await expect(prove({ ...noted, forced: true })).rejects.toThrow('its power was cut');
    const other = [{ file: disk, sizeBytes: 1, inode: '1', modified: '1' }];
    await expect(prove({ ...noted, disks: other })).rejects.toThrow(`${disk} changed`);
    await world.virsh('start', computer.name);
    await expect(prove(noted)).rejects.toThrow('it is running (booted)');
  });

  it('gives up on a system that ignores the power button, unless an operator allowed to cut its power', async () => {
    const { computer } = await bootByHand('cap-10');
    await world.virsh('suspend', computer.name);
    const refused = newRequest(computer, { shutdownSeconds: 1 });
    const allowed = newRequest(computer, { shutdownSeconds: 1, allowForcedOff: true });

    await expect(carryOut(runner(refused), await planOf(refused))).rejects.toThrow('it may take 1 s to power off');
    const evidence = await carryOut(runner(allowed), await planOf(allowed));

    expect(evidence['confirm-off']).toMatchObject({ off: false });
    expect(evidence['force-off']).toMatchObject({ reason: 'destroyed', forced: true });
    expect(await capturing.staged(allowed, world.context)).toMatchObject({ forced: true, offReason: 'destroyed' });
  });

  it('refuses a system whose power somebody else has cut', async () => {
    const { computer } = await bootByHand('cap-11');
    await world.virsh('destroy', computer.name);
    const request = newRequest(computer);

    await expect(carryOut(runner(request), await planOf(request))).rejects.toThrow('it did not shut down');
  });

  it('refuses an attempt that a later one has superseded', async () => {
    const { request, copy } = await prepareCopy('cap-12');
    await act(runner(again(request)), copy);

    await expect(act(runner(request), copy)).rejects.toThrow('a later attempt or run has taken over');
  });
});

describe('the check of a capture', () => {
  it('says what a copy can take, also while the domain runs', async () => {
    const { computer } = await bootByHand('check-10', { payload: randomBytes(8 * MIB) });

    const check = await capturing.check(newRequest(computer), world.context);

    expect(check.problems).toEqual([]);
    expect(check.bytesNeeded).toBeGreaterThan(8 * MIB);
    expect(check.bytesNeeded).toBeLessThan(16 * MIB);
  });

  it('names a domain that is not defined', async () => {
    const check = await capturing.check(newRequest(world.computer('check-11')), world.context);

    expect(check.problems).toMatchObject([{ where: 'settings.domain' }]);
  });

  it('names each disk that is missing or that leads to a file of the host', async () => {
    const computer = world.computer('check-12');
    const secret = join(world.root, 'secret.raw');
    await writeFile(secret, randomBytes(MIB));
    await chmod(secret, 0o600);
    const directory = join(world.root, 'disks', 'check-12');
    await mkdir(directory, { recursive: true });
    const leading = join(directory, 'leading.qcow2');
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', secret, '-F', 'raw', leading]);
    await defineDomain(world, 'check-12', [
      { path: leading, format: 'qcow2' },
      { path: join(directory, 'gone.qcow2'), format: 'qcow2' },
    ]);

    const { problems } = await capturing.check(newRequest(computer), world.context);

    expect(problems.map(({ where }) => where)).toEqual(['domain.disks.vda', 'domain.disks.vdb']);
    expect(problems[0]?.problem).toContain('neither in the node');
    expect(problems[1]?.problem).toContain('is not there');
  });
});

/** The process group that a job runs in: killing its leader too leaves no exit status behind. */
async function killableOf(pid: number): Promise<number> {
  const { stdout } = await execa('ps', ['-o', 'sid=', '-p', String(pid)]);
  return -Number(stdout.trim());
}
