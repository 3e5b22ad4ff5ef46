import { describe, it, vi, type ExpectStatic } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import type { Hold, HoldAnswer } from '../../src/domain/hold.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { failureOf, patience, timesOf, violationsOn } from '../support/runs.ts';
import { pointsSinceHeld, resetPoints, resetTo, type ResetPoints, updatesTakenSinceReset } from '../support/resets.ts';
import { createTampering, type CallPoint, type Tampering } from '../support/tampering.ts';

const fast = { copyBytesPerSecond: 1024 ** 4 };
const copy = {
  activity: 'carryOutCaptureStep',
  call: 'provisioner().capturing.steps.copy.act',
  when: 'before',
} as const;

const seal = { activity: 'checkSeal', call: 'operatingSystem().sealChecks', when: 'before' } as const;
const staging = { activity: 'removeStaging', call: 'catalog.claims.fence', when: 'before' } as const;
const fill = { activity: 'carryOutLoadStep', call: 'provisioner().loading.steps.fill.act', when: 'before' } as const;
const jobs = { activity: 'clearLoadJobs', call: 'catalog.claims.fence', when: 'before' } as const;
/** The image that comes onto a node where `base` is. */
const other = 'other';
const by = { by: 'alice', reason: 'answered by the test' };

type Fault = Omit<CallPoint, 'node'> & { readonly times?: number };

/** A run that was held, was answered, and then waits again or is over. */
interface Story {
  readonly title: string;
  readonly procedure: 'capture' | 'load';
  readonly faults: readonly Fault[];
  readonly answers: readonly HoldAnswer[];
}

const ended: readonly Story[] = [
  {
    title: 'a capture that was tried again',
    procedure: 'capture',
    faults: [{ ...copy, times: 1 }],
    answers: ['retry'],
  },
  { title: 'a capture that was rescued', procedure: 'capture', faults: [copy], answers: ['rescue'] },
  { title: 'a load that left a step out', procedure: 'load', faults: [{ ...jobs, times: 1 }], answers: ['skip'] },
  { title: 'a load that was given up', procedure: 'load', faults: [fill], answers: ['abort'] },
];

/** With each, from which workflow task on it is reset, and the steps at which it may wait then. */
const waiting: readonly (Story & { readonly from: 'begin' | 'hold'; readonly at: RegExp; readonly sealed: boolean })[] =
  [
    {
      title: 'a capture that failed again where it was tried again',
      procedure: 'capture',
      faults: [copy],
      answers: ['retry'],
      from: 'hold',
      at: /^5\.\d$/,
      sealed: true,
    },
    {
      title: 'a capture that was tried again and failed later',
      procedure: 'capture',
      faults: [{ ...copy, times: 1 }, seal],
      answers: ['retry'],
      from: 'hold',
      at: /^(5\.5|6\.3)$/,
      sealed: true,
    },
    {
      title: 'a capture that was given up and cannot be taken back',
      procedure: 'capture',
      faults: [{ ...copy, times: 1 }, seal, staging],
      answers: ['abort'],
      from: 'begin',
      at: /^(5\.5|6\.3|5)$/,
      sealed: true,
    },
    {
      title: 'a load that was given up and cannot be taken back',
      procedure: 'load',
      faults: [fill, jobs],
      answers: ['abort'],
      from: 'begin',
      at: /^(5\.\d|3)$/,
      sealed: false,
    },
  ];

vi.setConfig({ maxConcurrency: 8, testTimeout: 300_000 });

describe.concurrent('a run that Temporal resets', () => {
  let imprint: TestImprint;
  let tampering: Tampering;

  withImprint(async (started) => {
    imprint = started;
    tampering = createTampering();
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    for (const image of ['base', other]) {
      const source = { node: await imprint.addNode(fast), image, operatingSystem: simulatedSystem };
      await (await imprint.client.startCapture(source)).result();
    }
  });

  const capture = async (node: string, image: string, more = {}): Promise<RunHandle<unknown>> =>
    await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem, ...more });
  const reset = async (run: RunHandle<unknown>, execution: string, event: number): Promise<string> =>
    await resetTo(imprint, run, { execution, event });
  const standing = async (node: string) => ({
    computer: await imprint.catalog.computers.get(node),
    claim: await imprint.catalog.claims.find(node),
    machine: await imprint.world.machine(await imprint.catalog.computers.get(node)),
  });
  /** Resets an ended run to each of its workflow tasks; every one is refused, and leaves the node and the record as they are. */
  const expectRefused = async (
    expect: ExpectStatic,
    run: RunHandle<unknown>,
    node: string,
    { execution, events }: ResetPoints,
  ) => {
    const [before, steps, record] = [
      await standing(node),
      await imprint.catalog.runs.steps(run.id),
      await run.describe(),
    ];
    expect(events.length).toBeGreaterThan(5);
    // The last two record the outcome once more, which changes nothing, and end.
    for (const event of events.slice(0, -2)) {
      const again = imprint.temporal.workflow.getHandle(run.id, await reset(run, execution, event));
      await expect(again.result()).rejects.toMatchObject({
        cause: { cause: { message: expect.stringContaining(`imprint runs replay ${run.id}`) } },
      });
    }
    expect(await standing(node)).toEqual(before);
    expect(await imprint.catalog.runs.steps(run.id)).toEqual(steps);
    expect(await run.describe()).toEqual(record);
  };

  it('after it was taken back is refused at each of its workflow tasks, and leaves the node to its next run', async ({
    expect,
  }) => {
    const node = await imprint.addNode(fast);
    tampering.fail({ ...copy, node }, { times: 1 });
    const run = await capture(node, imprint.fresh('image'));
    await failureOf(run);
    await (await imprint.client.startLoad({ node, image: 'base' })).result();
    await expectRefused(expect, run, node, await resetPoints(imprint, run));
  });

  it('after a load was done is refused at each of its workflow tasks, and the load stays', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const run = await imprint.client.startLoad({ node, image: 'base' });
    await run.result();
    await expectRefused(expect, run, node, await resetPoints(imprint, run));
  });

  it('while it goes on does what is left, and nothing twice', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const image = imprint.fresh('image');
    tampering.fail({ ...copy, node }, { times: 1 });
    const run = await capture(node, image, { onFailure: 'hold' });
    const hold = await vi.waitFor(async () => {
      const found = await imprint.catalog.holds.find(run.id);
      if (found === undefined) throw new Error('the run is not held yet');
      return found;
    }, patience);
    const { execution, events } = await resetPoints(imprint, run);
    // To the workflow task that asked for the copy: the same run goes on by another execution.
    await reset(run, execution, events.at(-2) ?? 0);
    const stale = imprint.temporal.workflow.getHandle(run.id).executeUpdate('retry', {
      args: [{ hold: hold.id, by: 'alice', reason: '' }],
    });
    await expect(stale).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/does not wait|is not open/) },
    });
    await run.result();
    const sealed = (await imprint.world.events()).filter((one) => one.node === node && one.action === 'seal');
    expect(sealed.filter(({ kind }) => kind === 'effect')).toHaveLength(1);
    expect((await imprint.catalog.revisions.list(image)).map(({ state }) => state)).toEqual(['available']);
    expect(await imprint.catalog.holds.find(run.id)).toBeUndefined();
  });

  it('to its beginning while its system is sealed goes on with the sealed system, which nothing prepares or starts again', async ({
    expect,
  }) => {
    const node = await imprint.addNode(fast);
    const image = imprint.fresh('image');
    tampering.fail({ ...copy, node }, { times: 1 });
    const run = await capture(node, image, { onFailure: 'hold' });
    await vi.waitFor(async () => {
      if ((await imprint.catalog.holds.find(run.id))?.step !== '5.5') throw new Error('the run is not held at 5.5');
    }, patience);
    const { execution, events } = await resetPoints(imprint, run);
    await reset(run, execution, events[0] ?? 0);
    await run.result();
    expect((await imprint.catalog.runs.steps(run.id)).find(({ number }) => number === '5.1')?.title).toMatch(/^Prove/);
    const sealed = (await imprint.world.events()).filter((one) => one.node === node && one.action === 'seal');
    expect(sealed.filter(({ kind }) => kind === 'effect')).toHaveLength(1);
    expect((await imprint.catalog.revisions.list(image)).map(({ state }) => state)).toEqual(['available']);
  });

  it('to its beginning once it has put its system on does what belongs behind READY', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    await (await imprint.client.startLoad({ node, image: 'base' })).result();
    tampering.fail({ activity: 'awaitReady', call: 'provisioner().nodeStatus', when: 'before', node }, { times: 1 });
    const run = await imprint.client.startLoad({ node, image: other, onFailure: 'hold' });
    await vi.waitFor(async () => {
      if ((await imprint.catalog.holds.find(run.id))?.step !== '7') throw new Error('the run is not held at 7');
    }, patience);
    expect((await standing(node)).machine).toHaveProperty('outgoing');
    const { execution, events } = await resetPoints(imprint, run);
    await reset(run, execution, events[0] ?? 0);
    await run.result();
    const steps = await imprint.catalog.runs.steps(run.id);
    expect(steps.find(({ number }) => number === '2')?.evidence).toMatchObject({ status: 'READY', begun: true });
    expect(steps.find(({ number }) => number === '8.1')).toMatchObject({ state: 'done' });
    expect((await standing(node)).machine).not.toHaveProperty('outgoing');
    expect(await timesOf(imprint, node, 'fill-vda')).toBe(2);
  });

  it('to any step before its copy, while its system is sealed, does what is left and seals nothing again', async ({
    expect,
  }) => {
    const node = await imprint.addNode(fast);
    const image = imprint.fresh('image');
    tampering.fail({ ...copy, node }, { times: 1 });
    const run = await capture(node, image, { onFailure: 'hold' });
    await vi.waitFor(async () => {
      if ((await imprint.catalog.holds.find(run.id))?.step !== '5.5') throw new Error('the run is not held at 5.5');
    }, patience);
    const { execution, events } = await resetPoints(imprint, run);
    // The workflow tasks that asked for the plan, for preCapture, for the seal and for the proof of off.
    for (const event of events.slice(3, -2)) {
      tampering.fail({ ...copy, node }, { times: 1 });
      await reset(run, execution, event);
      await vi.waitFor(async () => {
        const hold = await imprint.catalog.holds.find(run.id);
        if (hold?.id.endsWith(`@${(await imprint.temporal.workflow.getHandle(run.id).describe()).runId}`) !== true)
          throw new Error('the run is not held again');
        expect(hold.title).toMatch(/^Copy vda/);
      }, patience);
    }
    await run.answer('retry', { by: 'alice', reason: 'mended' });
    await run.result();
    const effects = (await imprint.world.events()).filter((one) => one.node === node && one.kind === 'effect');
    expect(effects.filter(({ action }) => action === 'seal')).toHaveLength(1);
    expect((await imprint.catalog.revisions.list(image)).map(({ state }) => state)).toEqual(['available']);
  });

  /** The hold at which an execution waits, as the run itself says and as the catalog has it. */
  const heldIn = async (run: RunHandle<unknown>, isIt: (hold: Hold) => boolean): Promise<Hold> =>
    await vi.waitFor(async () => {
      const hold = await imprint.catalog.holds.find(run.id);
      if (hold === undefined || !isIt(hold)) throw new Error(`run ${run.id} does not wait there: ${String(hold?.id)}`);
      return hold;
    }, patience);
  /** Plays a story up to its last answer; `mend` takes its faults away. */
  const play = async ({ procedure, faults, answers }: Story) => {
    const node = await imprint.addNode(fast);
    const image = procedure === 'capture' ? imprint.fresh('image') : 'base';
    const mends = faults.map(({ times = Infinity, ...point }) => tampering.fail({ ...point, node }, { times }));
    const mend = (): void => mends.forEach((one) => one());
    const run =
      procedure === 'capture'
        ? await capture(node, image, { onFailure: 'hold', shutdownSeconds: 1 })
        : await imprint.client.startLoad({ node, image, onFailure: 'hold' });
    let last: Hold | undefined;
    for (const answer of answers) {
      last = await heldIn(run, ({ id }) => id !== last?.id);
      await run.answer(answer, by);
    }
    return { node, image, run, mend, last };
  };

  it.for(ended)(
    'after it was held, answered and over is refused at each of its workflow tasks: $title',
    async (story, { expect }) => {
      const { run, node } = await play(story);
      await run.result().catch(() => undefined);
      await expectRefused(expect, run, node, await pointsSinceHeld(imprint, run));
    },
  );

  it.for(waiting)('while it waits again waits anew, and takes no old answer: $title', async (story, { expect }) => {
    const { procedure } = story;
    const { node, image, run, mend, last } = await play(story);
    await heldIn(run, ({ id }) => id !== last?.id);
    const points = story.from === 'begin' ? resetPoints : pointsSinceHeld;
    const { execution, events } = await points(imprint, run);
    // Behind the record of the hold that is open there is no answer to learn the reset from: the catalog keeps it under its former id.
    for (const event of events.slice(0, -1)) {
      const again = await reset(run, execution, event);
      const hold = await heldIn(run, ({ id }) => id.endsWith(`@${again}`));
      expect({ event, step: hold.step }).toEqual({ event, step: expect.stringMatching(story.at) });
      expect(await run.hold()).toEqual(expect.objectContaining({ id: hold.id }));
      expect({ event, taken: await updatesTakenSinceReset(imprint, run.id, again) }).toEqual({ event, taken: 0 });
      expect((await standing(node)).claim?.owner).toBe(run.id);
    }
    mend();
    await run.answer('retry', by);
    await run.result().catch(() => undefined);
    expect(await violationsOn(imprint, node)).toEqual([]);
    if (story.sealed) expect(await timesOf(imprint, node, 'seal')).toBe(1);
    const left = await leftoversOf(imprint, run.id, image);
    // The simulated world remembers the copies that are done.
    const done = left.revisions[0] === 'available' && procedure === 'capture' ? ['copy-vda'] : [];
    expect(left).toMatchObject({ owner: undefined, staging: [], jobs: done, slots: [] });
    expect(['maintenance', 'available']).toContain(left.state);
  });
});
