import { describe, it, vi } from 'vitest';
import { OutcomeUnknownError } from '../../src/domain/errors.ts';
import { captureFreshNode } from '../support/captured-image.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf, type Leftovers } from '../support/leftovers.ts';
import { actionsOn, violationsOn } from '../support/runs.ts';
import { createSaga, expectClosed, stepsThatAreNotCut, type Cut, type Prepared, type Saga } from '../support/saga.ts';
import { createTampering, type CallPoint, type Tampering } from '../support/tampering.ts';

vi.setConfig({ maxConcurrency: 8 });

const steps = 'provisioner().loading.steps';
const inPlan = (step: string, kind: string, when: CallPoint['when']): Cut => ({
  step,
  activity: 'carryOutLoadStep',
  call: `${steps}.${kind}.act`,
  when,
});

/** Before the plan is carried out, nothing has happened to the node. */
const beforePlan: readonly Cut[] = [
  { step: '1', activity: 'claimForLoad', call: 'catalog.claims.acquire', when: 'before' },
  { step: '1', activity: 'claimForLoad', call: 'catalog.claims.acquire', when: 'after' },
  { step: '2', activity: 'readNodeStatus', call: 'provisioner().nodeStatus', when: 'before' },
  { step: '2.1', activity: 'takeSlot', call: 'catalog.slots.request', when: 'before' },
  { step: '2.1', activity: 'takeSlot', call: 'catalog.slots.request', when: 'after' },
  { step: '3', activity: 'checkLoad', call: 'provisioner().loading.check', when: 'before' },
  { step: '4', activity: 'preReload', call: 'provisioner().power.read', when: 'after' },
  { step: '5', activity: 'planLoad', call: 'provisioner().loading.plan', when: 'after' },
];

/** Until it was seen READY, the outgoing system is put back, and an administrator has to look at the node. */
const beforeReady: readonly Cut[] = [
  inPlan('5.1', 'stop', 'before'),
  inPlan('5.1', 'stop', 'after'),
  inPlan('5.2', 'setAside', 'before'),
  inPlan('5.2', 'setAside', 'after'),
  inPlan('5.3', 'fill', 'before'),
  inPlan('5.3', 'fill', 'after'),
  inPlan('5.4', 'start', 'before'),
  inPlan('5.4', 'start', 'after'),
  { step: '6.1', activity: 'learnHostKeys', call: 'provisioner().consoleText', when: 'before' },
  { step: '6.1', activity: 'learnHostKeys', call: 'catalog.computers.recordHostKeys', when: 'after' },
  { step: '6.2', activity: 'postLoad', call: 'operatingSystem().postLoad', when: 'before' },
  { step: '6.2', activity: 'postLoad', call: 'operatingSystem().postLoad', when: 'after' },
  { step: '7', activity: 'awaitReady', call: 'provisioner().nodeStatus', when: 'before' },
  { step: '7.1', activity: 'releaseSlot', call: 'catalog.slots.release', when: 'after' },
  { step: '8', activity: 'recordLoadedFromLibrary', call: 'catalog.computers.recordLoaded', when: 'before' },
];

/** Where a cancellation finds something done, or something that goes on. */
const atCancellation = [...beforePlan, ...beforeReady].filter(({ step, when }) => when === 'after' || step === '5.3');

/** From then on the new one stays. */
const afterReady: readonly Cut[] = [
  inPlan('8.1', 'retire', 'before'),
  inPlan('8.1', 'retire', 'after'),
  { step: '8.2', activity: 'discardSetAside', call: 'catalog.claims.fence', when: 'before' },
  { step: '8.3', activity: 'clearLoadJobs', call: 'library.shell.run', when: 'before' },
  { step: '9', activity: 'releaseNode', call: 'catalog.claims.release', when: 'before' },
];

describe.concurrent('a load that is cut', () => {
  let imprint: TestImprint;
  let tampering: Tampering;
  let saga: Saga;
  /** The image that is on the nodes, and the one that comes. */
  const outgoing = 'outgoing';
  const incoming = 'incoming';

  withImprint(async (started) => {
    tampering = createTampering();
    imprint = started;
    saga = createSaga(imprint, tampering);
    // More than run at once here: no load waits.
    for (const resource of ['management-node/mn-test', 'library/mn-test']) {
      await imprint.catalog.slots.setCapacity(resource, 1_000);
    }
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    for (const image of [outgoing, incoming]) await captureFreshNode(imprint, image);
  });

  const newLoad = async (): Promise<Prepared & { readonly before: string }> => {
    const node = await imprint.addNode();
    const before = await imprint.client.startLoad({ node, image: outgoing });
    await before.result();
    return {
      node,
      image: incoming,
      before: before.id,
      start: async () => await imprint.client.startLoad({ node, image: incoming }),
    };
  };

  const revisionIdOf = async (image: string): Promise<number> =>
    (await imprint.catalog.revisions.resolve({ image })).id;

  /** The outgoing system, exactly as it was, and on; only the node's state may say that something happened. */
  const outgoingIsBack = async (before: string, cut: Cut): Promise<Leftovers> => ({
    state: beforePlan.includes(cut) ? 'available' : 'maintenance',
    owner: undefined,
    loaded: await revisionIdOf(outgoing),
    revisions: ['available'],
    slots: [],
    staging: [],
    jobs: [],
    published: [`${incoming}-v1`],
    power: 'on',
    disksOf: before,
  });

  it('is cut at every step of its page', async ({ expect }) => {
    expect(await stepsThatAreNotCut('load-node', [...beforePlan, ...beforeReady, ...afterReady])).toEqual([]);
  });

  describe('by a failure', () => {
    it.for([...beforePlan, ...beforeReady])(
      'at step $step, $when $call, puts the outgoing system back',
      async (cut, { expect }) => {
        const load = await newLoad();
        const run = await saga.failAt(cut, load);
        expect(run.failure.reason).toBe('ConflictError');
        expect(run.left).toEqual(await outgoingIsBack(load.before, cut));
        expect(await imprint.client.nodeStatus(load.node)).toMatchObject({
          status: 'READY',
          currentimage: 'outgoing-v1',
        });
        await expectClosed(expect, imprint, run, cut.step);
      },
    );

    it.for(afterReady)('at step $step, $when $call, keeps the new system', async (cut, { expect }) => {
      const run = await saga.failAt(cut, await newLoad());
      const loaded = await revisionIdOf(incoming);
      expect(run.left).toMatchObject({ state: 'maintenance', owner: undefined, loaded, power: 'on', disksOf: run.run });
      await expectClosed(expect, imprint, run, cut.step);
    });
  });

  describe('by a cancellation', () => {
    it.for(atCancellation)('at step $step, $when $call, puts the outgoing system back', async (cut, { expect }) => {
      const load = await newLoad();
      const run = await saga.cancelAt(cut, load);
      expect(run.failure.reason).toBe('Cancelled');
      expect(run.left).toEqual(await outgoingIsBack(load.before, cut));
      expect(await imprint.client.nodeStatus(load.node)).toMatchObject({
        status: 'READY',
        currentimage: 'outgoing-v1',
      });
      await expectClosed(expect, imprint, run);
    });
  });

  it('knows of a node whose host keys nobody knew that they are unknown again, and it can be captured', async ({
    expect,
  }) => {
    const node = await imprint.addNode();
    const cut: Cut = { step: '7', activity: 'awaitReady', call: 'provisioner().nodeStatus', when: 'before' };
    const start = async () => await imprint.client.startLoad({ node, image: incoming });
    const { left } = await saga.failAt(cut, { node, image: incoming, start });
    expect(left).toMatchObject({ state: 'maintenance', power: 'on' });
    expect(await imprint.catalog.computers.get(node)).not.toHaveProperty('hostKeys');
    await imprint.client.releaseNode({ node, by: 'test', reason: 'looked at' });
    const again = { node, image: imprint.fresh('image'), operatingSystem: simulatedSystem };
    await (await imprint.client.startCapture(again)).result();
  });

  describe('by an answer that is lost', () => {
    it.for([...beforePlan, ...beforeReady, ...afterReady].filter(({ when }) => when === 'after'))(
      'at step $step, of $call, goes on',
      async (cut, { expect }) => {
        const load = await newLoad();
        tampering.fail(
          { ...cut, node: load.node },
          { error: new OutcomeUnknownError('the answer was lost'), times: 1 },
        );
        const run = await load.start();
        await run.result();
        const record = await imprint.catalog.runs.steps(run.id);
        expect(record.find(({ number }) => number === cut.step)).toMatchObject({ state: 'done', attempt: 2 });
        const loaded = await revisionIdOf(incoming);
        const left = await leftoversOf(imprint, run.id, incoming);
        expect(left).toMatchObject({ state: 'available', owner: undefined, loaded, power: 'on', disksOf: run.id });
        const done = (await actionsOn(imprint, load.node)).filter((action) => action === 'fill-vda');
        // One for each of the two loads.
        expect(done).toHaveLength(2);
        expect(await violationsOn(imprint, load.node)).toEqual([]);
      },
    );
  });
});
