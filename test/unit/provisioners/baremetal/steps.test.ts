import { afterEach, describe, expect, it } from 'vitest';
import {
  ConflictError,
  DeadlineError,
  IntegrityError,
  NotReadyError,
  OutcomeUnknownError,
} from '../../../../src/domain/errors.ts';
import type { Fence } from '../../../../src/domain/fence.ts';
import type { PlanStep } from '../../../../src/domain/plan.ts';
import { libraryPaths } from '../../../../src/library/paths.ts';
import { openStaging } from '../../../../src/library/staging.ts';
import { need, type CaptureRequest, type LoadRequest } from '../../../../src/provisioners/provisioner.ts';
import {
  bareComputer,
  createBaremetalFixture,
  type BaremetalFixture,
  type BaremetalFixtureOptions,
} from '../../../support/baremetal-fixture.ts';
import { revision, without, withDisk, withSecondDisk } from '../../../support/baremetal-revision.ts';
import { fakeDiskRecords, fakeHostKeys } from '../../../support/fake-imaging.ts';
import { act, undo, unwind, type PlanRunner } from '../../../support/plan-runner.ts';

describe('bare metal', () => {
  let fixture: BaremetalFixture;
  afterEach(() => fixture.close());

  async function capture(
    options: BaremetalFixtureOptions = {},
    change: Partial<CaptureRequest> = {},
  ): Promise<{ readonly runner: PlanRunner<CaptureRequest>; readonly plan: readonly PlanStep[] }> {
    fixture = await createBaremetalFixture(options);
    return await captureIn(fixture, fenceOf('captureImage/source/1', 1), change);
  }

  async function captureIn(
    { provisioner, library, context, source }: BaremetalFixture,
    fence: Fence,
    change: Partial<CaptureRequest> = {},
  ): Promise<{ readonly runner: PlanRunner<CaptureRequest>; readonly plan: readonly PlanStep[] }> {
    const request: CaptureRequest = {
      computer: source,
      revision: { ...revision, state: 'capturing' },
      fence,
      library,
      staging: libraryPaths(library).staging(fence.owner),
      allowForcedOff: false,
      shutdownSeconds: 60,
      ...change,
    };
    await openStaging(library, fence, context);
    const capturing = need(provisioner, 'capturing');
    const runner = { steps: capturing.steps, request, context };
    return { runner, plan: await capturing.plan(request, context) };
  }

  /** The system is sealed and off; then the steps up to, not including, the one named. */
  async function until({ runner, plan }: Awaited<ReturnType<typeof capture>>, id: string): Promise<PlanStep> {
    fixture.machines.set('source', 'off');
    for (const step of plan) {
      if (step.id === id) return step;
      if (step.by === 'provisioner') await act(runner, step);
    }
    throw new Error(`the plan has no step ${id}`);
  }

  async function load(
    change: Partial<LoadRequest> = {},
    options: BaremetalFixtureOptions = {},
  ): Promise<{ readonly runner: PlanRunner<LoadRequest>; readonly plan: readonly PlanStep[] }> {
    const made = await capture(options);
    await until(made, 'withdraw');
    fixture.imaging.forget();
    const { provisioner, library, context, target } = fixture;
    const loading = need(provisioner, 'loading');
    const request: LoadRequest = {
      computer: target,
      revision,
      copy: { revisionId: 101, library: 'mn-a', path: made.runner.request.staging, sizeBytes: 900 },
      fence: fenceOf('loadNode/target/1', 2),
      library,
      keepOutgoing: false,
      ...change,
    };
    return { runner: { steps: loading.steps, request, context }, plan: await loading.plan(request, context) };
  }

  describe('capture', () => {
    it('goes on in the order that keeps the sealed system from booting', async () => {
      const { plan } = await capture();
      expect(plan.map(({ kind }) => kind)).toEqual([
        'preCapture',
        'seal',
        'confirmOff',
        'order',
        'bootNetwork',
        'start',
        'image',
        'powerOff',
        'bootDisk',
        'withdraw',
      ]);
    });

    it('presses the power button of a machine whose operating system has no module', async () => {
      const { runner, plan } = await capture({}, { revision: without(revision, 'osModule') });
      expect(plan[0]?.kind).toBe('askOff');
      await act(runner, plan[0]!);
      expect(fixture.machines.get('source').power).toBe('off');
    });

    it('leaves a machine that is off, boots from its disk, and has no order', async () => {
      const { runner, plan } = await capture();
      const last = await until({ runner, plan }, 'withdraw');
      await act(runner, last);
      expect(fixture.machines.get('source')).toEqual({ power: 'off', bootTarget: 'disk' });
      expect(fixture.imaging.openOrders('source')).toEqual([]);
      const staged = await need(fixture.provisioner, 'capturing').staged(runner.request, runner.context);
      expect(staged).toMatchObject({
        disks: [{ name: 'sda', file: 'sda.chunks', format: 'chunks', virtualSizeBytes: 131_072 }],
        definition: '{"bootMode":"bios"}',
        forced: false,
      });
    });

    it('waits for off, and says that it went off by itself', async () => {
      const { runner, plan } = await capture();
      const confirm = plan.find(({ id }) => id === 'confirm-off')!;
      await expect(runner.steps[confirm.kind]!.act(runner.request, confirm, runner.context)).rejects.toThrow(
        NotReadyError,
      );
      fixture.machines.set('source', 'off');
      const first = await act(runner, confirm);
      expect(first).toMatchObject({ off: true, forced: false, raw: 'Chassis Power is off' });
      // A later attempt finds the first reading.
      expect(await act(runner, confirm)).toEqual(first);
    });

    it('cuts the power only where that is allowed, and says so', async () => {
      const made = await capture({}, { allowForcedOff: true, shutdownSeconds: 0 });
      const { runner, plan } = made;
      const [confirm, force] = ['confirm-off', 'force-off'].map((id) => plan.find((step) => step.id === id)!);
      await runner.steps['confirmOff']!.act(runner.request, confirm!, runner.context).catch(() => undefined);
      expect(await act(runner, confirm!)).toMatchObject({ off: false });
      expect(await act(runner, force!)).toMatchObject({ off: true, forced: true });
      const forbidding = { ...runner, request: { ...runner.request, allowForcedOff: false } };
      await expect(act(forbidding, force!)).rejects.toThrow(ConflictError);
    });

    it('starts a machine that does not ask anew, twice, and gives up', async () => {
      const made = await capture({ faults: ['never asks', 'never asks', 'never asks'], bootSeconds: 0.05 });
      const image = await until(made, 'image');
      await expect(act(made.runner, image)).rejects.toThrow(DeadlineError);
      await expect(act(made.runner, image)).resolves.toMatchObject({ restarts: 1, bytes: 2 });
      expect(fixture.machines.asked.filter((asked) => asked === 'reset source')).toHaveLength(3);
    });

    it('starts a machine anew that asked and is not heard of again', async () => {
      const made = await capture({ faults: ['goes silent'], bootSeconds: 0.05 });
      const image = await until(made, 'image');
      expect(await act(made.runner, image)).toMatchObject({ restarts: 1 });
    });

    it('fails in the words of the machine, and a retry begins with a new order', async () => {
      const words = 'sda was changed: sda1 was mounted 5 times, 4 are noted';
      const made = await capture({ faults: [words] });
      const image = await until(made, 'image');
      await expect(act(made.runner, image)).rejects.toThrow(IntegrityError);
      // The control: asked again, it does what it had failed to do.
      expect(await act(made.runner, image)).toMatchObject({ words: 'done' });
      expect(fixture.machines.asked.filter((asked) => asked === 'reset source')).toHaveLength(1);
    });

    it('is refused before anything is sealed while another run has an order for the machine', async () => {
      const { runner } = await capture();
      const { check } = need(fixture.provisioner, 'capturing');
      expect((await check(runner.request, runner.context)).problems).toEqual([]);
      const { computer } = runner.request;
      const work = { kind: 'capture' as const, disks: [] };
      const order = { run: 'loadNode/source/9', step: 'load-disks', epoch: 1, node: 'source', work };
      await fixture.imaging.order({ ...order, macAddresses: [...computer.macAddresses] });
      expect((await check(runner.request, runner.context)).problems).toMatchObject([
        { problem: expect.stringContaining('run loadNode/source/9 has an order for this machine') },
      ]);
    });

    it('keeps a machine from its disk between its failure and the retry, however it is started', async () => {
      const made = await capture({ faults: ['its library is full'] });
      const image = await until(made, 'image');
      await expect(act(made.runner, image)).rejects.toThrow(/its library is full/);
      await fixture.machines.power.on(made.runner.request.computer, made.runner.context);
      expect(fixture.machines.get('source').power).toBe('off');
      expect(fixture.imaging.letGo).toEqual([]);
      expect(await act(made.runner, image)).toMatchObject({ words: 'done' });
    });

    it('keeps its order until the power is cut: a machine that boots meanwhile is kept from its disk', async () => {
      const made = await capture({ faults: ['goes silent'] });
      await until(made, 'image');
      fixture.machines.lost.push('forceOff');
      const start = made.plan.find(({ id }) => id === 'start')!;
      await expect(undo(made.runner, start)).rejects.toThrow(OutcomeUnknownError);
      expect(fixture.imaging.openOrders('source')).toHaveLength(1);
      await fixture.machines.power.reset(made.runner.request.computer, made.runner.context);
      expect(fixture.machines.get('source').power).toBe('off');
      await undo(made.runner, start);
      expect(fixture.imaging.openOrders('source')).toEqual([]);
      expect(fixture.imaging.letGo).toEqual([]);
    });

    it('sends a machine to the network once more where its controller has forgotten that', async () => {
      const made = await capture();
      const start = await until(made, 'start');
      const { computer } = made.runner.request;
      await fixture.machines.power.setBootTarget(
        computer,
        { target: 'disk', lasting: 'until changed' },
        fixture.context,
      );
      await act(made.runner, start);
      expect(fixture.imaging.asked).toBe(1);
    });

    it('gives the next order what was found of the disks before, so that a changed one is not taken for another', async () => {
      const made = await capture({ faults: ['the network card has gone'] });
      const image = await until(made, 'image');
      await expect(act(made.runner, image)).rejects.toThrow(/the network card has gone/);
      expect(fixture.imaging.ordered.map(({ work }) => work)).not.toContainEqual(
        expect.objectContaining({ expected: expect.anything() }),
      );
      await act(made.runner, image);
      expect(fixture.imaging.ordered.at(-1)?.work).toMatchObject({ expected: fakeDiskRecords });
    });

    it('names what the machine said', async () => {
      const made = await capture({ faults: ['sda was changed'] });
      const image = await until(made, 'image');
      await expect(act(made.runner, image)).rejects.toThrow('image source: sda was changed');
    });

    it('does not power a machine on that has no order: it would do nothing, or boot what is sealed', async () => {
      const made = await capture();
      const start = await until(made, 'start');
      await fixture.imaging.withdraw({ run: 'captureImage/source/1', step: 'capture-disks', epoch: 1 });
      await expect(act(made.runner, start)).rejects.toThrow(/was withdrawn/);
      expect(fixture.machines.get('source').power).toBe('off');
    });

    it.each(['order', 'boot-network', 'start', 'image', 'power-off', 'boot-disk', 'withdraw'])(
      'is taken back, twice, from before %s: off, sealed, and booting from its disk',
      async (id) => {
        const made = await capture();
        await until(made, id);
        for (const time of [1, 2]) {
          await unwind(made.runner, made.plan);
          expect(fixture.machines.get('source'), `time ${String(time)}`).toEqual({ power: 'off', bootTarget: 'disk' });
          expect(fixture.imaging.openOrders('source')).toEqual([]);
        }
      },
    );

    it.each(['setBootTarget', 'on'])('does what it did again where the answer to %s was lost', async (action) => {
      const made = await capture();
      const step = await until(made, action === 'on' ? 'start' : 'boot-network');
      fixture.machines.lost.push(action);
      await expect(act(made.runner, step)).rejects.toThrow(OutcomeUnknownError);
      await act(made.runner, step);
      expect(fixture.machines.get('source').bootTarget).toBe('network');
      if (action === 'on') expect(fixture.imaging.asked).toBe(1);
    });

    it('is refused where a later attempt has taken over, before it touches the power', async () => {
      const made = await capture();
      await until(made, 'image');
      const later = await captureIn(fixture, fenceOf('captureImage/source/1', 2));
      await act(
        later.runner,
        later.plan.find(({ id }) => id === 'order')!,
      );
      const before = fixture.machines.asked.length;
      for (const step of made.plan.filter(({ id }) => id === 'order' || id === 'withdraw'))
        await expect(act(made.runner, step)).rejects.toThrow(ConflictError);
      const start = made.plan.find(({ id }) => id === 'start')!;
      await expect(undo(made.runner, start)).rejects.toThrow(ConflictError);
      expect(fixture.machines.asked).toHaveLength(before);
    });

    it('is taken up from a machine that is still off, and from no other', async () => {
      const made = await capture();
      await until(made, 'order');
      const confirm = made.plan.find(({ id }) => id === 'confirm-off')!;
      const noted = await act(made.runner, confirm);
      const later = await captureIn(fixture, fenceOf('captureImage/source/2', 2));
      const capturing = need(fixture.provisioner, 'capturing');
      await capturing.proveOff!(later.runner.request, noted, fixture.context);
      await expect(capturing.proveOff!(later.runner.request, {}, fixture.context)).rejects.toThrow(/nobody noted it/);
      await expect(
        capturing.proveOff!(later.runner.request, { ...noted, forced: true }, fixture.context),
      ).rejects.toThrow(ConflictError);
      fixture.machines.set('source', 'on');
      await expect(capturing.proveOff!(later.runner.request, noted, fixture.context)).rejects.toThrow(IntegrityError);
    });
  });

  describe('load', () => {
    it('writes the disks, boots from them, and tells the host keys that were made for the new system', async () => {
      const { runner, plan } = await load();
      expect(
        await fixture.provisioner.hostKeys!(fixture.target, runner.request.fence, fixture.context),
      ).toBeUndefined();
      for (const step of plan.filter(({ arguments: { phase } }) => phase === 'beforeBoot')) await act(runner, step);
      expect(fixture.machines.get('target')).toEqual({ power: 'on', bootTarget: 'disk' });
      const keys = await fixture.provisioner.hostKeys!(fixture.target, runner.request.fence, fixture.context);
      expect(keys).toEqual(fakeHostKeys);
      await act(runner, plan.at(-1)!);
      expect(fixture.imaging.openOrders('target')).toEqual([]);
    });

    it('says in every step from the writing on that nothing leads back', async () => {
      const { plan } = await load();
      const texts = plan.map(({ id, undo: back }) => [id, 'none' in back ? back.none : back.title]);
      const of = Object.fromEntries(texts) as Record<string, string>;
      expect(of['restart']).toMatch(/if it had begun to write, what was on its disks is lost/);
      expect(of['image']).toMatch(/no way back to the outgoing system/);
      expect(of['power-off']).toMatch(/no way back/);
    });

    it('does not boot disks that are not written whole', async () => {
      const { runner, plan } = await load();
      for (const step of plan.slice(0, 2)) await act(runner, step);
      for (const id of ['power-off', 'start'])
        await expect(
          act(
            runner,
            plan.find((step) => step.id === id)!,
          ),
        ).rejects.toThrow(/not written whole/);
      expect(fixture.machines.get('target').power).toBe('off');
    });

    it('leaves a machine that has begun its work at it, when its start is asked for again', async () => {
      const { runner, plan } = await load();
      for (const step of plan.slice(0, 4)) await act(runner, step);
      await act(
        runner,
        plan.find(({ id }) => id === 'restart')!,
      );
      expect(fixture.machines.asked.filter((asked) => asked === 'reset target')).toHaveLength(1);
    });

    it.each<[string, Partial<LoadRequest>, RegExp]>([
      ['a disk that is too small', { computer: withDisks([{ name: 'sda', sizeBytes: 65_536 }]) }, /131072 are needed/],
      [
        'a disk of another format',
        { revision: withDisk({ format: 'qcow2' }) },
        /expected a disk of chunks, found qcow2/,
      ],
      ['no disk for it', { revision: withSecondDisk() }, /names no disk for it/],
      [
        'firmware that boots in another way',
        { computer: bareComputer('target', 2, { bootMode: 'uefi' }) },
        /boots by bios/,
      ],
      ['an image without a known system', { revision: without(revision, 'osModule') }, /nobody could tell/],
      ['disks that a failed run left', { keepOutgoing: true, keptBecause: 'left in maintenance' }, /release the node/],
      ['disks that prove another', { keepOutgoing: true, keptBecause: 'source of an unproven revision' }, /load that/],
    ])('is refused for %s', async (_what, change, text) => {
      const { runner } = await load();
      const problems = await need(fixture.provisioner, 'loading').check(
        { ...runner.request, ...change },
        fixture.context,
      );
      expect(problems.map(({ problem }) => problem).join()).toMatch(text);
    });

    it('is allowed at the end of the capture that asked for it, and onto the source of what is loaded', async () => {
      const { runner } = await load();
      const { check } = need(fixture.provisioner, 'loading');
      const request = { ...runner.request, keepOutgoing: true, keptBecause: 'left in maintenance' } as const;
      const own = { ...request, fence: fenceOf('captureImage/source/1', 2) };
      expect(await check(own, fixture.context)).toEqual([]);
      const onto = { ...request, computer: fixture.source, keptBecause: 'source of an unproven revision' } as const;
      expect(await check(onto, fixture.context)).toEqual([]);
    });
  });
});

function fenceOf(owner: string, epoch: number): Fence {
  return { node: owner.split('/')[1]!, owner, epoch };
}

function withDisks(disks: readonly object[]) {
  return bareComputer('target', 2, { disks });
}
