import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { errorChain } from '../../src/domain/errors.ts';
import type { Computer } from '../../src/domain/computer.ts';
import { need, type NodeContext, type Power } from '../../src/provisioners/provisioner.ts';
import { defineByHand } from '../support/domain-by-hand.ts';
import { createLibvirtWorld, type LibvirtWorld, loadRequest, publishTiny } from '../support/libvirt-world.ts';
import { carryOut } from '../support/plan-runner.ts';

let world: LibvirtWorld;
let power: Power;

beforeAll(async () => {
  world = await createLibvirtWorld();
  power = need(world.provisioner, 'power');
});
afterAll(async () => world.close());

const read = (computer: Computer) => power.read(computer, world.context);

async function reads(computer: Computer, value: string): Promise<void> {
  await vi.waitFor(async () => expect((await read(computer)).value).toBe(value), { timeout: 30_000, interval: 200 });
}

describe('power of a libvirt domain', () => {
  it('is off with the reason undefined where there is no domain, which asking off does not mind', async () => {
    const computer = world.computer('power-01');

    expect(await read(computer)).toMatchObject({ value: 'off', reason: 'undefined' });
    await power.askOff(computer, world.context);
    await power.forceOff(computer, world.context);
    await expect(power.on(computer, world.context)).rejects.toThrow('load an image first');
  });

  it('goes on, and off by the guest itself, however often it is asked', async () => {
    const computer = world.computer('power-02');
    await defineByHand(world, computer);

    await power.on(computer, world.context);
    await power.on(computer, world.context);
    expect(await read(computer)).toMatchObject({ value: 'on', reason: 'booted', raw: 'running (booted)' });
    // The guest hears the button only once it has booted: pressing again does no harm.
    await vi.waitFor(
      async () => {
        await power.askOff(computer, world.context);
        expect((await read(computer)).value).toBe('off');
      },
      { timeout: 60_000, interval: 500 },
    );

    expect(await read(computer)).toMatchObject({ value: 'off', reason: 'shutdown' });
    await power.askOff(computer, world.context);
    await power.forceOff(computer, world.context);
    expect(await read(computer)).toMatchObject({ value: 'off', reason: 'shutdown' });
  });

  it('is cut, which its reason shows, and comes back by a reset', async () => {
    const computer = world.computer('power-03');
    await defineByHand(world, computer);
    await power.on(computer, world.context);

    await power.reset(computer, world.context);
    await reads(computer, 'on');
    await power.forceOff(computer, world.context);
    expect(await read(computer)).toMatchObject({ value: 'off', reason: 'destroyed' });
    await power.reset(computer, world.context);
    await reads(computer, 'on');
    await power.forceOff(computer, world.context);
  });

  it('goes on from a pause', async () => {
    const computer = world.computer('power-04');
    await defineByHand(world, computer);
    await power.on(computer, world.context);
    await world.virsh('suspend', computer.name);
    expect(await read(computer)).toMatchObject({ value: 'paused', reason: 'user' });

    await power.on(computer, world.context);

    expect((await read(computer)).value).toBe('on');
    await power.forceOff(computer, world.context);
  });
});

describe('the status of a libvirt node', () => {
  const context = (observation: Awaited<ReturnType<NodeContext['observe']>>): NodeContext => ({
    ...world.context,
    observe: async () => observation,
    readImageFile: async () => undefined,
    wordsOf: errorChain,
  });

  it('is RELOAD with the reasons, without asking a system that does not run', async () => {
    const computer = world.computer('status-01');
    const asked = vi.fn<NodeContext['observe']>();

    const status = await world.provisioner.nodeStatus(computer, undefined, {
      ...context({ ssh: false, reason: 'not asked' }),
      observe: asked,
    });

    expect(status).toMatchObject({ status: 'RELOAD', ssh: false, rpower: { value: 'off' }, nodeset: 'boot' });
    expect(status.reasons).toMatchObject({
      nodetype: 'status-01 is not defined',
      rpower: 'libvirt says domain not found',
    });
    expect(asked).not.toHaveBeenCalled();
  });

  it('is READY when the running system names the revision that its definition names', async () => {
    const computer = world.computer('status-02');
    const revision = await publishTiny(world.library, 1);
    const loading = need(world.provisioner, 'loading');
    const request = loadRequest(world.library, computer, revision);
    await carryOut(
      { steps: loading.steps, request, context: world.context },
      await loading.plan(request, world.context),
    );
    const currentImage = { name: 'tiny-v1', revisionId: revision.id, postLoad: 'success' };

    const ready = await world.provisioner.nodeStatus(
      computer,
      revision,
      context({ ssh: true, currentImage, reason: 'ok' }),
    );
    const silent = await world.provisioner.nodeStatus(computer, revision, context({ ssh: false, reason: 'refused' }));

    expect(ready).toMatchObject({
      status: 'READY',
      ping: true,
      ssh: true,
      nodetype: 'tiny-v1',
      currentimage: 'tiny-v1',
    });
    expect(silent).toMatchObject({ status: 'RELOAD', ssh: false, nodetype: 'tiny-v1', reasons: { ssh: 'refused' } });
    expect(Object.keys(ready.reasons).sort()).toEqual(
      ['currentimage', 'nodeset', 'nodetype', 'ping', 'rpower', 'ssh', 'status'].sort(),
    );
    await power.forceOff(computer, world.context);
  });
});
