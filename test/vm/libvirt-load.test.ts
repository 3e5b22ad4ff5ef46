import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Computer } from '../../src/domain/computer.ts';
import type { Revision } from '../../src/domain/image.ts';
import { type LoadRequest, type Loading, need } from '../../src/provisioners/provisioner.ts';
import { defineByHand } from '../support/domain-by-hand.ts';
import {
  createLibvirtWorld,
  laterAttempt,
  type LibvirtWorld,
  loadRequest,
  newFence,
  publishTiny,
} from '../support/libvirt-world.ts';
import { act, carryOut, type PlanRunner, undo, unwind } from '../support/plan-runner.ts';
import { makeReadOnly } from '../support/read-only.ts';
import { payloadOf } from '../support/tiny-guest.ts';

let world: LibvirtWorld;
let loading: Loading;
let first: Revision;
let second: Revision;

beforeAll(async () => {
  world = await createLibvirtWorld();
  loading = need(world.provisioner, 'loading');
  first = await publishTiny(world.library, 1, ['vda', 'vdb']);
  second = await publishTiny(world.library, 2);
});
afterAll(async () => world.close());

const runner = (request: LoadRequest): PlanRunner<LoadRequest> => ({
  steps: loading.steps,
  request,
  context: world.context,
});

/** The same run, as its next attempt asks. */
const again = (request: LoadRequest): LoadRequest => ({ ...request, fence: laterAttempt(request.fence) });

async function load(computer: Computer, revision: Revision, change: Partial<LoadRequest> = {}) {
  const request = { ...loadRequest(world.library, computer, revision), ...change };
  const plan = await loading.plan(request, world.context);
  return { request, plan, evidence: await carryOut(runner(request), plan) };
}

async function says(computer: Computer, greeting: string): Promise<void> {
  await vi.waitFor(
    async () => expect(await world.provisioner.consoleText?.(computer, world.context)).toContain(greeting),
    { timeout: 60_000, interval: 200 },
  );
}

const directoryOf = (computer: Computer): string => join(world.root, 'disks', computer.name);

/** Names of the files in the node's directory, but for locks, fences and records of jobs. */
async function filesOf(computer: Computer, below = '.'): Promise<string[]> {
  const names = await readdir(join(directoryOf(computer), below)).catch(() => []);
  return names.filter((name) => !name.startsWith('.')).sort();
}

async function stateOf(computer: Computer, disk: string): Promise<unknown> {
  return {
    definition: await world.virsh('dumpxml', '--inactive', computer.name),
    state: await world.virsh('domstate', computer.name),
    disk: createHash('sha256')
      .update(await readFile(disk))
      .digest('hex'),
    files: await filesOf(computer),
  };
}

describe('a load on libvirt', () => {
  it('boots the revision on copy-on-write disks of the node, and replaces it with the next one', async () => {
    const computer = world.computer('load-01');

    const { plan, evidence } = await load(computer, first);
    await says(computer, 'hello from tiny-v1');
    const disksBefore = await filesOf(computer);
    await load(computer, second);
    await says(computer, 'hello from tiny-v2');

    expect(plan.map(({ id }) => id)).toEqual([
      'power-off-outgoing',
      'create-vda',
      'create-vdb',
      'define',
      'start',
      'retire-outgoing',
    ]);
    expect(evidence['start']).toMatchObject({ power: 'on' });
    expect(disksBefore.filter((name) => name.startsWith('tiny-v1-') && name.endsWith('.qcow2'))).toHaveLength(2);
    expect((await filesOf(computer)).filter((name) => name.startsWith('tiny-v1-'))).toEqual([]);
    expect(await world.virsh('dumpxml', '--inactive', computer.name)).toContain('revision="tiny-v2"');
  });

  it('never writes to the library', async () => {
    const computer = world.computer('load-02');
    const base = join(world.library.root, 'tiny-v2', 'vda.qcow2');
    const before = createHash('sha256')
      .update(await readFile(base))
      .digest('hex');

    await load(computer, second);
    await says(computer, 'hello from tiny-v2');

    expect(
      createHash('sha256')
        .update(await readFile(base))
        .digest('hex'),
    ).toBe(before);
  });

  it('makes full copies when the settings ask for them', async () => {
    const computer = world.computer('load-03', { clone: 'full-copy' });

    const { evidence } = await load(computer, second);
    await says(computer, 'hello from tiny-v2');

    const path = evidence['copy-vda']?.['path'] as string;
    expect(await world.virsh('dumpxml', '--inactive', computer.name)).not.toContain(world.library.root);
    await need(world.provisioner, 'power').forceOff(computer, world.context);
    expect(await payloadOf(path)).toBe('tiny-v2:vda');
  });

  it('succeeds when every step runs twice', async () => {
    const computer = world.computer('load-04');
    await defineByHand(world, computer);
    const request = loadRequest(world.library, computer, first);
    const plan = await loading.plan(request, world.context);

    for (const step of plan) {
      await act(runner(again(request)), step);
      await act(runner(again(request)), step);
    }

    await says(computer, 'hello from tiny-v1');
    expect(await filesOf(computer)).not.toContain('by-hand.qcow2');
  });

  it('restores what was there, from a failure after any step, also when every undo runs twice', async () => {
    const computer = world.computer('load-05');
    const disk = await defineByHand(world, computer);
    const before = await stateOf(computer, disk);
    const steps = (await loading.plan(loadRequest(world.library, computer, first), world.context)).slice(0, -1);

    for (let done = 1; done <= steps.length; done += 1) {
      const request = loadRequest(world.library, computer, first);
      const plan = (await loading.plan(request, world.context)).slice(0, done);
      await carryOut(runner(request), plan);
      const changed = await stateOf(computer, disk);
      for (const step of plan.toReversed()) {
        await undo(runner(again(request)), step);
        await undo(runner(again(request)), step);
      }

      if (done > 1) expect(changed).not.toEqual(before);
      expect(await stateOf(computer, disk)).toEqual(before);
    }
  });

  it('leaves no trace on a node that had nothing', async () => {
    const computer = world.computer('load-06');
    const request = loadRequest(world.library, computer, second);
    const plan = await loading.plan(request, world.context);

    await carryOut(runner(request), plan.slice(0, -1));
    expect(await world.virsh('list', '--all', '--name')).toContain('load-06');
    await unwind(runner(request), plan);

    expect(await world.virsh('list', '--all', '--name')).not.toContain('load-06');
    expect(await filesOf(computer)).toEqual([]);
  });

  it('refuses an attempt that a later one has superseded', async () => {
    const computer = world.computer('load-07');
    const request = loadRequest(world.library, computer, second);
    const [, create] = await loading.plan(request, world.context);
    if (create === undefined) throw new Error('no step');
    await act(runner({ ...request, fence: newFence(computer, 'loadNode') }), create);

    await expect(act(runner(request), create)).rejects.toThrow('a later attempt or run has taken over');
  });

  it('cuts the power of an outgoing system that ignores the button, after the limit of the settings', async () => {
    const computer = world.computer('load-08', { shutdownSeconds: 1 });
    await load(computer, second);
    await world.virsh('suspend', computer.name);

    const { evidence } = await load(computer, first);

    expect(evidence['power-off-outgoing']).toMatchObject({ off: 'shut off (destroyed)', forced: true });
  });

  it('sets the outgoing disks aside until they may be discarded', async () => {
    const computer = world.computer('load-09');
    const disk = await defineByHand(world, computer);
    await load(computer, second, { keepOutgoing: true });

    const [run] = await filesOf(computer, 'aside');
    const aside = join('aside', run ?? '');
    expect(await filesOf(computer, aside)).toEqual(expect.arrayContaining(['by-hand.qcow2']));
    expect(await payloadOf(join(directoryOf(computer), aside, 'by-hand.qcow2'))).toBe('precious');
    await expect(readFile(disk)).rejects.toThrow('ENOENT');

    await loading.discardSetAside?.(computer, newFence(computer, 'loadNode'), world.context);
    await loading.discardSetAside?.(computer, newFence(computer, 'loadNode'), world.context);
    expect(await filesOf(computer)).not.toContain('aside');
  });

  it('unloads a node, twice, and keeps what was set aside and the library', async () => {
    const computer = world.computer('load-10');
    await defineByHand(world, computer);
    await load(computer, second, { keepOutgoing: true });

    await loading.unload(computer, newFence(computer, 'unloadNode'), world.context);
    await loading.unload(computer, newFence(computer, 'unloadNode'), world.context);

    expect(await world.virsh('list', '--all', '--name')).not.toContain('load-10');
    expect(await filesOf(computer)).toEqual(['aside']);
    expect(await readdir(join(world.library.root, 'tiny-v2'))).toEqual(['vda.qcow2']);
  });

  it.each([
    ['virtio', 'virtio', 'q35'],
    ['scsi', 'e1000e', 'q35'],
    ['sata', 'e1000', 'q35'],
    ['ide', 'rtl8139', 'pc'],
    ['virtio', 'virtio', 'pc'],
  ])('boots from a %s disk with a %s card on %s', async (diskBus, networkModel, machine) => {
    const computer = world.computer(`hw-${diskBus}-${machine}`, { diskBus, networkModel, machine });

    await load(computer, first);

    await says(computer, 'hello from tiny-v1');
    await need(world.provisioner, 'power').forceOff(computer, world.context);
  });
});

describe('the check of a load', () => {
  it('finds nothing wrong with a published revision', async () => {
    expect(await loading.check(loadRequest(world.library, world.computer('check-01'), second), world.context)).toEqual(
      [],
    );
  });

  it('names files that are missing, of another size, or backed by another file', async () => {
    const computer = world.computer('check-02');
    const request = loadRequest(world.library, computer, second);
    const missing = { ...request, copy: { ...request.copy, path: join(world.library.root, 'gone') } };
    const disk = { ...second.manifest?.disks[0], sizeBytes: 7 };
    const manifest = { ...second.manifest, disks: [disk] } as NonNullable<Revision['manifest']>;
    const otherSize = { ...request, revision: { ...second, manifest } };

    expect(await loading.check(missing, world.context)).toMatchObject([{ where: 'image.disks.vda' }]);
    expect(await loading.check(otherSize, world.context)).toMatchObject([
      { problem: expect.stringContaining('expected 7') as string },
    ]);
  });

  it('notices that the host does not see the library where the settings say', async () => {
    const computer = world.computer('check-03', { library: { sharedAt: join(world.root, 'elsewhere') } });

    const problems = await loading.check(loadRequest(world.library, computer, second), world.context);

    expect(problems).toMatchObject([{ where: 'settings.library' }]);
  });

  it("names the host's directory for disks when it is missing or read-only, and leaves nothing there", async () => {
    const diskDirectory = join(world.root, 'own-disks');
    const request = loadRequest(world.library, world.computer('check-04', { diskDirectory }), second);
    const check = async () => await loading.check(request, world.context);
    const problem = expect.stringContaining(`${diskDirectory} on `) as string;

    const missing = await check();
    await mkdir(join(diskDirectory, 'check-04'), { recursive: true });
    const mend = await makeReadOnly(diskDirectory);
    const readOnly = await check().finally(mend);
    const mendOwn = await makeReadOnly(join(diskDirectory, 'check-04'));
    const ownReadOnly = await check().finally(mendOwn);

    expect(missing).toEqual([{ where: 'settings.diskDirectory', problem }]);
    expect(readOnly).toEqual(missing);
    expect(ownReadOnly).toMatchObject([
      { problem: expect.stringContaining(join(diskDirectory, 'check-04')) as string },
    ]);
    expect(await readdir(join(diskDirectory, 'check-04'))).toEqual([]);
    // Control: once it is mended, nothing is wrong.
    expect(await check()).toEqual([]);
  });
});
