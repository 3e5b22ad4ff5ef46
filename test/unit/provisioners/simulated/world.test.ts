import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CallContext, Progress } from '../../../../src/domain/call-context.ts';
import { createSimulatedProvisioner } from '../../../../src/provisioners/simulated/index.ts';
import { HOST_KEY, systemOf } from '../../../../src/provisioners/simulated/machine.ts';
import { forceOff } from '../../../../src/provisioners/simulated/power-transitions.ts';
import { startMachine, withPublishedPath } from '../../../../src/provisioners/simulated/start-machine.ts';
import { completeWork, endWork } from '../../../../src/provisioners/simulated/world-job.ts';
import { createSimulatedWorld, type SimulatedWorldOptions } from '../../../../src/provisioners/simulated/world.ts';
import { createLocalShell } from '../../../../src/remote/local-shell.ts';
import { firstRevision, simulatedComputer } from '../../../support/simulated-fixture.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const limits = { signal: context.signal, timeoutMs: 1000 };
const computer = simulatedComputer('lab-07', 1);

/** A world whose clock stands still until it is told to go on. */
function worldWithClock(options: Partial<SimulatedWorldOptions> = {}) {
  const clock = { now: 1_700_000_000_000 };
  const world = createSimulatedWorld({ seed: 'a', now: () => clock.now, ...options });
  return { clock, world, provisioner: createSimulatedProvisioner(world) };
}

describe('a simulated world', () => {
  it('is the same world for the same seed, and another for another', async () => {
    const keys = await Promise.all(
      ['a', 'a', 'b'].map(async (seed) => {
        const machine = await worldWithClock({ seed }).world.machine(computer);
        return systemOf(machine)?.files[HOST_KEY];
      }),
    );
    expect(keys[0]).toMatch(/^ssh-ed25519 \S+$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it('lets a guest take its time to power off, and remembers why it is off', async () => {
    const { clock, provisioner } = worldWithClock();
    const { power } = provisioner;
    await power!.askOff(computer, context);
    expect((await power!.read(computer, context)).value).toBe('on');
    clock.now += 1000;
    expect(await power!.read(computer, context)).toMatchObject({ value: 'off', reason: 'shutdown' });
    await power!.on(computer, context);
    await power!.forceOff(computer, context);
    expect(await power!.read(computer, context)).toMatchObject({ value: 'off', reason: 'destroyed' });
  });

  it('counts an action once however often it is asked for', async () => {
    const { world, provisioner } = worldWithClock();
    for (let time = 0; time < 3; time += 1) await provisioner.power!.forceOff(computer, context);
    expect((await world.machine(computer)).effects).toEqual({ 'force-off': 1 });
    await provisioner.power!.on(computer, context);
    await provisioner.power!.forceOff(computer, context);
    expect((await world.machine(computer)).effects['force-off']).toBe(2);
    expect((await world.events()).map(({ action }) => action)).toEqual(['force-off', 'power-on', 'force-off']);
  });

  it('refuses an act for an attempt that was superseded, whichever run it is of', async () => {
    const { world } = worldWithClock();
    const cut = async (owner: string, epoch: number) =>
      await world.change(computer, { name: 'stop', fence: { node: 'lab-07', owner, epoch } }, (machine) =>
        forceOff(machine, world.now()),
      );
    await cut('loadNode/lab-07/2', 5);
    await expect(cut('loadNode/lab-07/1', 4)).rejects.toMatchObject({ name: 'ConflictError' });
    await cut('loadNode/lab-07/2', 6);
    expect((await world.machine(computer)).effects).toEqual({ 'stop loadNode/lab-07/2': 1 });
  });

  it('makes faults happen as often as they are told to, on the node they are meant for', async () => {
    const { world, provisioner } = worldWithClock({
      faults: [{ node: 'lab-07', at: 'force-off', kind: 'fail', times: 2 }],
    });
    const other = simulatedComputer('lab-08', 2);
    const off = () => provisioner.power!.forceOff(computer, context);
    await provisioner.power!.forceOff(other, context);
    await expect(off()).rejects.toMatchObject({ name: 'CommandFailedError', retryable: true });
    await expect(off()).rejects.toThrow();
    expect((await world.machine(computer)).power).toBe('on');
    await off();
    expect((await world.machine(computer)).power).toBe('off');
  });

  it('does what it loses the answer of, refuses for good, and hangs until nobody waits any more', async () => {
    const { world, provisioner } = worldWithClock();
    await world.inject({ at: 'force-off', kind: 'lose-answer' });
    await expect(provisioner.power!.forceOff(computer, context)).rejects.toMatchObject({ name: 'OutcomeUnknownError' });
    expect((await world.machine(computer)).power).toBe('off');
    await world.inject({ at: 'power-on', kind: 'refuse' });
    await expect(provisioner.power!.on(computer, context)).rejects.toMatchObject({ retryable: false });
    await world.inject({ at: 'reset', kind: 'hang' });
    const reason = new Error('nobody waits');
    const waiting = provisioner.power!.reset(computer, { ...context, signal: AbortSignal.abort(reason) });
    await expect(waiting).rejects.toBe(reason);
  });

  it('records that a sealed system was booted, unless its revision is in the library', async () => {
    const root = await mkdtemp(join(tmpdir(), 'imprint-world-'));
    try {
      const { world, provisioner, clock } = worldWithClock();
      const library = { name: 'a', root, shell: createLocalShell() };
      const early = simulatedComputer('lab-08', 2);
      await mkdir(join(root, 'published-v1'));
      await provisioner.guestShell!(computer).run('seal', ['published-v1', 'off'], limits);
      await provisioner.guestShell!(early).run('seal', ['staged-v1', 'off'], limits);
      clock.now += 1000;
      for (const each of [computer, early]) {
        await world.change(each, {}, (machine) => withPublishedPath(machine, library));
        await startMachine(world, each, { name: 'power-on' });
      }
      expect((await world.events()).filter(({ kind }) => kind === 'violation')).toMatchObject([
        { node: 'lab-08', action: 'sealed-system-booted' },
      ]);
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it('gives a system that was sealed a new identity at its next boot', async () => {
    const { world, provisioner, clock } = worldWithClock();
    const before = systemOf(await world.machine(computer))!.files;
    await provisioner.guestShell!(computer).run('seal', ['suite-v1', 'off'], limits);
    await expect(provisioner.guestShell!(computer).run('files', [], limits)).rejects.toMatchObject({
      name: 'UnavailableError',
    });
    clock.now += 1000;
    await provisioner.power!.on(computer, context);
    const after = systemOf(await world.machine(computer))!.files;
    expect(after[HOST_KEY]).not.toBe(before[HOST_KEY]);
    expect(after['/etc/machine-id']).toMatch(/^[0-9a-f]{32}\n$/);
    expect(after['/etc/machine-id']).not.toBe(before['/etc/machine-id']);
    expect(await provisioner.consoleText!(computer, context)).toBe('');
    clock.now += 1000;
    expect(await provisioner.consoleText!(computer, context)).toContain(after[HOST_KEY]);
  });

  it('turns away whoever shows a host key that is not the expected one', async () => {
    const { world, provisioner } = worldWithClock();
    const key = systemOf(await world.machine(computer))!.files[HOST_KEY]!;
    const files = (hostKeys: readonly string[]) =>
      provisioner.guestShell!({ ...computer, hostKeys }).run('files', [], limits);
    await expect(files(['ssh-ed25519 other'])).rejects.toMatchObject({ name: 'UnauthorizedError' });
    await files(['ssh-ed25519 other', key]);
  });

  it('says what is wrong with settings, and where', () => {
    const { provisioner } = worldWithClock();
    const settings = { disks: [{ name: 'vda' }, { name: 'vda' }], bootSeconds: -1, colour: 'blue' };
    const problems = provisioner.validate({ ...computer, settings });
    expect(problems.map(({ where }) => where)).toEqual(['settings.disks', 'settings.bootSeconds', 'settings']);
    expect(provisioner.validate({ ...computer, settings: {} })).toEqual([]);
  });
});

describe('work that goes on without any worker', () => {
  const fence = (epoch: number, owner = 'captureImage/lab-07/1') => ({ node: 'lab-07', owner, epoch });
  const work = (epoch: number) => ({
    computer,
    id: 'copy-vda',
    fence: fence(epoch),
    what: 'Copy vda',
    bytes: 1000,
    bytesPerSecond: 100,
  });

  it('is attached to again where it is, and not begun a second time', async () => {
    const { clock, world } = worldWithClock();
    const aborted = { ...context, signal: AbortSignal.abort(new Error('worker shut down')) };
    await expect(completeWork(world, work(1), aborted)).rejects.toThrow('worker shut down');
    clock.now += 5000;
    const seen: Progress[] = [];
    const watching = { signal: aborted.signal, progress: (progress: Progress) => void seen.push(progress) };
    await expect(completeWork(world, work(2), watching)).rejects.toThrow('worker shut down');
    expect(seen).toMatchObject([{ fraction: 0.5, bytesDone: 500, bytesTotal: 1000, job: 'copy-vda' }]);
    clock.now += 5000;
    expect(await completeWork(world, work(3), context)).toBe('attached');
    expect((await world.machine(computer)).effects).toEqual({ 'copy-vda captureImage/lab-07/1': 1 });
  });

  it('refuses an attempt that was superseded, also after it was ended', async () => {
    const { clock, world } = worldWithClock();
    const aborted = { ...context, signal: AbortSignal.abort(new Error('gone')) };
    await expect(completeWork(world, work(2), aborted)).rejects.toThrow('gone');
    await expect(completeWork(world, work(1), context)).rejects.toMatchObject({ name: 'ConflictError' });
    await endWork(world, { computer, id: 'copy-vda', fence: fence(3) });
    await endWork(world, { computer, id: 'copy-vda', fence: fence(3) });
    await expect(completeWork(world, work(2), context)).rejects.toMatchObject({ name: 'ConflictError' });
    await expect(completeWork(world, work(4), aborted)).rejects.toThrow('gone');
    clock.now += 10_000;
    expect(await completeWork(world, work(4), context)).toBe('attached');
    expect((await world.machine(computer)).effects['copy-vda captureImage/lab-07/1']).toBe(2);
  });

  it('begins again when its process was killed, and says so to whoever waited for it', async () => {
    const { clock, world } = worldWithClock();
    const aborted = { ...context, signal: AbortSignal.abort(new Error('gone')) };
    await expect(completeWork(world, work(1), aborted)).rejects.toThrow('gone');
    await world.change(computer, {}, (machine) => {
      const job = machine.jobs['copy-vda'];
      return job === undefined ? machine : { ...machine, jobs: { 'copy-vda': { ...job, died: true } } };
    });
    await expect(completeWork(world, work(2), aborted)).rejects.toThrow('gone');
    clock.now += 10_000;
    expect(await completeWork(world, work(3), context)).toBe('attached');
    expect((await world.machine(computer)).effects).toEqual({ 'copy-vda captureImage/lab-07/1': 2 });
  });

  it('is not in the way of another run once it is over', async () => {
    const { clock, world } = worldWithClock();
    const aborted = { ...context, signal: AbortSignal.abort(new Error('gone')) };
    await expect(completeWork(world, work(5), aborted)).rejects.toThrow('gone');
    const other = { ...work(1), fence: fence(1, 'captureImage/lab-07/2') };
    await expect(completeWork(world, other, aborted)).rejects.toThrow('gone');
    clock.now += 10_000;
    expect(await completeWork(world, other, context)).toBe('attached');
  });
});

describe('a simulated capture', () => {
  const request = (allowForcedOff: boolean) => ({
    computer,
    revision: firstRevision,
    fence: { node: 'lab-07', owner: 'captureImage/lab-07/1', epoch: 1 },
    library: { name: 'a', root: '/nowhere', shell: createLocalShell() },
    staging: '/nowhere/staging',
    allowForcedOff,
    shutdownSeconds: 60,
  });

  it('waits for a guest that does not shut down only as long as it may, and cuts the power only where that is allowed', async () => {
    const { clock, world, provisioner } = worldWithClock({ faults: [{ at: 'shutdown', kind: 'hang' }] });
    const { steps, plan } = provisioner.capturing!;
    const step = (await plan(request(false), context)).find(({ id }) => id === 'confirmOff')!;
    const confirm = (allowed: boolean) => steps['confirmOff']!.act(request(allowed), step, context);
    await provisioner.guestShell!(computer).run('seal', ['suite-v1', 'off'], limits);
    await expect(confirm(true)).rejects.toMatchObject({ name: 'NotReadyError' });
    clock.now += 61_000;
    await expect(confirm(false)).rejects.toMatchObject({ name: 'DeadlineError' });
    expect((await world.machine(computer)).power).toBe('on');
    expect(await confirm(true)).toMatchObject({ forced: true, reason: 'destroyed' });
    expect(await confirm(false)).toMatchObject({ forced: true });
  });
});
