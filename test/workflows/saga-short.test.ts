import { describe, it, vi } from 'vitest';
import { captureFreshNode } from '../support/captured-image.ts';
import type { TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf, type Leftovers } from '../support/leftovers.ts';
import { actionsOn, violationsOn } from '../support/runs.ts';
import { createSaga, expectClosed, stepsThatAreNotCut, type Cut, type Prepared, type Saga } from '../support/saga.ts';
import { createTampering, type Tampering } from '../support/tampering.ts';
import { sharedQueue } from '../../src/workflows/task-queues.ts';

vi.setConfig({ maxConcurrency: 16 });

/** What may be cut, and what then remains: the column of the procedure's page. */
interface ShortCut extends Cut {
  readonly remains: Partial<Leftovers>;
  /** Present where a cancellation comes too late: nothing is left to be stopped. */
  readonly last?: true;
  /** Where it was under way when the cancellation came, and went on to its end. */
  readonly remainsOfCancelled?: Partial<Leftovers>;
}

const image = 'base';
const jane = { user: 'jane', from: '192.0.2.9' } as const;
const loadedFirst = ['unload-node', 'reserve-node', 'reclaim-node'];
const asItWas = { state: 'available', owner: undefined, power: 'on' } as const;
const off = { ...asItWas, power: 'off' } as const;

const cutsOfPower: readonly ShortCut[] = [
  { step: '1', activity: 'claimForPower', call: 'catalog.claims.acquire', when: 'before', remains: asItWas },
  { step: '1', activity: 'claimForPower', call: 'catalog.claims.acquire', when: 'after', remains: asItWas },
  {
    step: '2',
    activity: 'setPower',
    call: 'provisioner().power.askOff',
    when: 'before',
    remains: asItWas,
    remainsOfCancelled: {},
  },
  { step: '2', activity: 'setPower', call: 'provisioner().power.askOff', when: 'after', remains: off },
  { step: '2', activity: 'setPower', call: 'provisioner().power.read', when: 'after', remains: off },
  { step: '3', activity: 'releaseNode', call: 'catalog.claims.release', when: 'before', last: true, remains: off },
];

const claimOfUnload = { step: '1', activity: 'claimForUnload', call: 'catalog.claims.acquire' } as const;
const unload = { step: '3', activity: 'unload', call: 'provisioner().loading.unload' } as const;
const recordUnload = { step: '4', activity: 'recordUnloaded', call: 'catalog.computers.recordLoaded' } as const;
const broken = { state: 'maintenance', owner: undefined } as const;

const cutsOfUnload: readonly ShortCut[] = [
  { ...claimOfUnload, when: 'before', remains: asItWas },
  { ...claimOfUnload, when: 'after', remains: asItWas },
  { step: '2', activity: 'checkUnload', call: 'catalog.claims.fence', when: 'after', remains: asItWas },
  { ...unload, when: 'before', remains: { ...broken, power: 'on' }, remainsOfCancelled: broken },
  { ...unload, when: 'after', remains: { ...broken, power: 'off', disksOf: 'none' } },
  { ...recordUnload, when: 'before', remains: { ...broken, disksOf: 'none' } },
  { ...recordUnload, when: 'after', remains: { ...broken, disksOf: 'none', loaded: undefined } },
  {
    step: '5',
    activity: 'releaseNode',
    call: 'catalog.claims.release',
    when: 'before',
    last: true,
    remains: { ...broken, disksOf: 'none', loaded: undefined },
  },
];

const cutsOfCheck: readonly ShortCut[] = [
  { step: '1', activity: 'findNode', call: 'catalog.computers.get', when: 'before', remains: asItWas },
  { step: '1', activity: 'findNode', call: 'catalog.computers.get', when: 'after', remains: asItWas },
  {
    step: '2',
    activity: 'readNodeStatus',
    call: 'provisioner().nodeStatus',
    when: 'before',
    last: true,
    remains: asItWas,
  },
  {
    step: '2',
    activity: 'readNodeStatus',
    call: 'provisioner().nodeStatus',
    when: 'after',
    last: true,
    remains: asItWas,
  },
];

const claimOfReserve = { step: '1', activity: 'claimForReservation', call: 'catalog.claims.acquire' } as const;
const checkReserve = { step: '2', activity: 'checkHandOver', call: 'operatingSystem().userAccess.check' } as const;
const recordReserve = { step: '3', activity: 'recordReservation', call: 'catalog.nodeReservations.record' } as const;
const open = { step: '4', activity: 'openAccess', call: 'operatingSystem().userAccess.open' } as const;
const free = { ...asItWas, reservedFor: undefined, letIn: undefined } as const;
const closed = { ...free, letIn: '22' } as const;
const letIn = { letIn: '22 jane 192.0.2.9', reservedFor: 'jane' } as const;

const cutsOfReserve: readonly ShortCut[] = [
  { ...claimOfReserve, when: 'before', remains: free },
  { ...claimOfReserve, when: 'after', remains: free },
  { ...checkReserve, when: 'before', remains: free },
  { ...checkReserve, when: 'after', remains: free },
  { ...recordReserve, when: 'before', remains: free },
  { ...recordReserve, when: 'after', remains: free },
  { ...open, when: 'before', remains: closed },
  { ...open, when: 'after', remains: closed },
  { step: '5', activity: 'releaseNode', call: 'catalog.claims.release', when: 'before', last: true, remains: closed },
];

const claimOfReclaim = { step: '1', activity: 'claimForReclaim', call: 'catalog.claims.acquire' } as const;
const close = { step: '2', activity: 'closeAccess', call: 'operatingSystem().userAccess.close' } as const;
const used = { ...asItWas, state: 'inuse' } as const;
const shut = { ...used, reservedFor: 'jane', letIn: '22' } as const;

const cutsOfReclaim: readonly ShortCut[] = [
  { ...claimOfReclaim, when: 'before', remains: { ...used, ...letIn } },
  { ...claimOfReclaim, when: 'after', remains: { ...used, ...letIn } },
  { ...close, when: 'before', remains: { ...used, ...letIn }, remainsOfCancelled: shut },
  { ...close, when: 'after', remains: shut },
  { ...recordReserve, when: 'before', remains: shut, remainsOfCancelled: { ...shut, reservedFor: undefined } },
  { ...recordReserve, when: 'after', remains: { ...shut, reservedFor: undefined } },
  {
    step: '4',
    activity: 'releaseNode',
    call: 'catalog.claims.release',
    when: 'before',
    last: true,
    remains: { ...shut, reservedFor: undefined },
  },
];

const forget = { step: '3', activity: 'giveUpReservation', call: 'catalog.computers.recordLoaded' } as const;
const giveUp = { ...forget, call: 'catalog.nodeReservations.record' } as const;
/** Its reservation stands, and nothing is known to be loaded any more. */
const unloaded = { ...used, ...letIn, loaded: undefined } as const;
const unreserved = { ...used, letIn: letIn.letIn, reservedFor: undefined } as const;

/** With the word that the machine is gone: nothing is done there. */
const cutsOfGivingUp: readonly ShortCut[] = [
  { ...claimOfReclaim, when: 'before', remains: { ...used, ...letIn } },
  { ...claimOfReclaim, when: 'after', remains: { ...used, ...letIn } },
  {
    ...forget,
    when: 'before',
    remains: { ...used, ...letIn },
    remainsOfCancelled: { ...unreserved, loaded: undefined },
  },
  { ...forget, when: 'after', remains: unloaded, remainsOfCancelled: { ...unreserved, loaded: undefined } },
  { ...giveUp, when: 'before', remains: unloaded, remainsOfCancelled: { ...unreserved, loaded: undefined } },
  { ...giveUp, when: 'after', remains: { ...unreserved, loaded: undefined } },
  {
    step: '4',
    activity: 'releaseNode',
    call: 'catalog.claims.release',
    when: 'before',
    last: true,
    remains: { ...unreserved, loaded: undefined },
  },
];

/** What is cut, from its start on. */
interface Story {
  readonly page: string;
  readonly cuts: readonly ShortCut[];
  /** Steps that it leaves out. */
  readonly without?: readonly string[];
  /** State in which it leaves its node. */
  readonly ends: string;
  start(node: string): ReturnType<Prepared['start']>;
}

describe.concurrent('a short run that is cut', () => {
  let imprint: TestImprint;
  let tampering: Tampering;
  let saga: Saga;

  withImprint(async (started) => {
    tampering = createTampering();
    imprint = started;
    saga = createSaga(imprint, tampering);
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    await captureFreshNode(imprint, image);
  });

  /** The client waits for its answer; from Temporal's UI it is started like this. */
  const startCheck = async (node: string) => {
    const workflowId = `checkNode/${node}/${imprint.fresh('check')}`;
    const options = { args: [{ node }], taskQueue: sharedQueue, workflowId };
    await imprint.temporal.workflow.start('checkNode', options);
    return imprint.client.run(workflowId);
  };
  const prepare = async (start: (node: string) => ReturnType<Prepared['start']>, page: string): Promise<Prepared> => {
    const node = await imprint.addNode();
    if (loadedFirst.includes(page)) await (await imprint.client.startLoad({ node, image })).result();
    if (page === 'reclaim-node') await (await imprint.client.startReservation({ node, ...jane })).result();
    return { node, image, start: async () => await start(node) };
  };

  describe.each<Story>([
    {
      page: 'power-node',
      ends: 'available',
      cuts: cutsOfPower,
      start: async (node: string) => await imprint.client.power({ node, action: 'off' }),
    },
    {
      page: 'unload-node',
      ends: 'available',
      cuts: cutsOfUnload,
      start: async (node: string) => await imprint.client.startUnload(node),
    },
    {
      page: 'reserve-node',
      ends: 'inuse',
      cuts: cutsOfReserve,
      start: async (node: string) => await imprint.client.startReservation({ node, ...jane }),
    },
    {
      page: 'reclaim-node',
      ends: 'available',
      cuts: cutsOfReclaim,
      start: async (node: string) => await imprint.client.startReclaim({ node }),
    },
    {
      page: 'reclaim-node',
      cuts: cutsOfGivingUp,
      without: ['2'],
      ends: 'maintenance',
      start: async (node: string) => await imprint.client.startReclaim({ node, machineIsGone: 'it burnt' }),
    },
    {
      page: 'check-node',
      ends: 'available',
      cuts: cutsOfCheck,
      start: async (node: string) => await startCheck(node),
    },
  ])('of $page, after which the node is $ends', ({ page, cuts, start, without = [], ends }) => {
    it('is cut at every step of its page', async ({ expect }) => {
      expect(await stepsThatAreNotCut(page, cuts)).toEqual(without);
      expect(await stepsThatAreNotCut(page, cuts.slice(2))).toEqual(['1', ...without]);
    });

    it.for(cuts)('by a failure at step $step, $when $call, leaves what its page says', async (cut, { expect }) => {
      const run = await saga.failAt(cut, await prepare(start, page));
      expect(run.failure.reason).toBe('ConflictError');
      expect(run.left).toMatchObject(cut.remains);
      expect(await violationsOn(imprint, run.node)).toEqual([]);
      await expectClosed(expect, imprint, run, cut.step);
    });

    it.for(cuts.filter(({ last }) => last === undefined))(
      'by a cancellation at step $step, $when $call, leaves what its page says',
      async (cut, { expect }) => {
        const run = await saga.cancelAt(cut, await prepare(start, page));
        expect(run.failure.reason).toBe('Cancelled');
        expect(run.left).toMatchObject(cut.remainsOfCancelled ?? cut.remains);
        await expectClosed(expect, imprint, run);
      },
    );

    it('does each thing once when every first answer is lost', async ({ expect }) => {
      const { node, start: begin } = await prepare(start, page);
      const before = (await actionsOn(imprint, node)).length;
      tampering.loseFirstAnswers(node);
      const run = await begin();
      await run.result();
      const done = (await actionsOn(imprint, node)).slice(before);
      expect(done).toEqual([...new Set(done)]);
      expect((await imprint.catalog.runs.steps(run.id)).filter(({ attempt }) => attempt < 2)).toEqual([]);
      expect(await leftoversOf(imprint, run.id, image)).toMatchObject({ state: ends, owner: undefined });
    });
  });
});
