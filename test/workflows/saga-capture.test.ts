import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/client';
import { describe, it, vi } from 'vitest';
import type { AfterCapture } from '../../src/domain/run.ts';
import { OutcomeUnknownError, UnavailableError } from '../../src/domain/errors.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf, type Leftovers } from '../support/leftovers.ts';
import { actionsOn, failureOf, patience, untilCancelWasSeen, violationsOn } from '../support/runs.ts';
import { createSaga, expectClosed, stepsThatAreNotCut, type Cut, type Prepared, type Saga } from '../support/saga.ts';
import { createTampering, type CallPoint, type Tampering } from '../support/tampering.ts';

const steps = 'provisioner().capturing.steps';
const inPlan = (step: string, call: string, when: CallPoint['when']): Cut => ({
  step,
  activity: 'carryOutCaptureStep',
  call,
  when,
});

/** Before preCapture began, nothing has happened to the node. */
const beforePreCapture: readonly Cut[] = [
  { step: '1', activity: 'claimForCapture', call: 'catalog.claims.acquire', when: 'before' },
  { step: '1', activity: 'claimForCapture', call: 'catalog.claims.acquire', when: 'after' },
  { step: '2', activity: 'reserveRevision', call: 'catalog.revisions.reserve', when: 'before' },
  { step: '2', activity: 'reserveRevision', call: 'catalog.revisions.reserve', when: 'after' },
  { step: '3', activity: 'checkCapture', call: 'provisioner().capturing.check', when: 'before' },
  { step: '4', activity: 'planCapture', call: 'provisioner().capturing.plan', when: 'after' },
  { step: '5', activity: 'openStaging', call: 'library.shell.run', when: 'before' },
  { step: '5', activity: 'openStaging', call: 'library.shell.run', when: 'after' },
];

/** From preCapture to the point of no return an administrator has to look at the node; nothing else remains. */
const beforePublishing: readonly (Cut & { readonly power: 'on' | 'off' })[] = [
  { ...inPlan('5.1', 'operatingSystem().preCapture', 'before'), power: 'on' },
  { ...inPlan('5.1', 'operatingSystem().preCapture', 'after'), power: 'on' },
  { ...inPlan('5.2', 'operatingSystem().seal', 'before'), power: 'on' },
  { ...inPlan('5.2', 'operatingSystem().seal', 'after'), power: 'off' },
  { ...inPlan('5.3', `${steps}.confirmOff.act`, 'before'), power: 'off' },
  { ...inPlan('5.4', `${steps}.describe.act`, 'after'), power: 'off' },
  { ...inPlan('5.5', `${steps}.copy.act`, 'before'), power: 'off' },
  { ...inPlan('5.5', `${steps}.copy.act`, 'after'), power: 'off' },
  { step: '6.1', activity: 'verifyStructure', call: 'provisioner().capturing.staged', when: 'before', power: 'off' },
  { step: '6.2', activity: 'checksumDisks', call: 'library.shell.run', when: 'after', power: 'off' },
  { step: '6.3', activity: 'checkSeal', call: 'operatingSystem().sealChecks', when: 'after', power: 'off' },
];

/** Once it is published the revision stays, whatever comes: also where its node cannot be given back as it was asked to. */
const afterPublishing: readonly (Cut & { readonly after?: AfterCapture })[] = [
  { step: '7.2', activity: 'publishRevision', call: 'library.shell.run', when: 'after' },
  { step: '7.3', activity: 'clearJobs', call: 'library.shell.run', when: 'before' },
  { step: '8.5', activity: 'setPower', call: 'provisioner().power.on', when: 'before', after: 'powerOn' },
  { step: '8.6.2', activity: 'postLoad', call: 'operatingSystem().postLoad', when: 'before', after: 'powerOn' },
  { step: '8.3', activity: 'checkLoad', call: 'provisioner().loading.check', when: 'before', after: 'reload' },
  {
    step: '8.5.2',
    activity: 'carryOutLoadStep',
    call: 'provisioner().loading.steps.setAside.act',
    when: 'after',
    after: 'reload',
  },
  { step: '8.7', activity: 'awaitReady', call: 'provisioner().nodeStatus', when: 'before', after: 'reload' },
  { step: '9', activity: 'releaseNode', call: 'catalog.claims.release', when: 'before' },
];

/** Failing for good at the point of no return itself is a refusal: nothing was moved. */
const atPublishing: Cut = { step: '7.1', activity: 'publishCopy', call: 'library.shell.run', when: 'before' };

const untouched: Leftovers = {
  state: 'available',
  owner: undefined,
  loaded: undefined,
  revisions: 'no image',
  slots: [],
  staging: [],
  jobs: [],
  published: [],
  power: 'on',
  disksOf: 'nobody',
};

// The runs wait for the server most of the time.
vi.setConfig({ maxConcurrency: 16 });

describe.concurrent('a capture that is cut', () => {
  let imprint: TestImprint;
  let tampering: Tampering;
  let saga: Saga;

  withImprint(async (started) => {
    tampering = createTampering();
    imprint = started;
    saga = createSaga(imprint, tampering);
    await imprint.startWorkerHere((deps) => tampering.around(deps));
  });

  const newCapture = async (after: AfterCapture = 'leaveOff', of?: string): Promise<Prepared> => {
    const node = of ?? (await imprint.addNode());
    const image = imprint.fresh('image');
    const start = async () =>
      await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem, after });
    return { node, image, start };
  };

  it('is cut at every step of its page', async ({ expect }) => {
    const cuts = [...beforePreCapture, ...beforePublishing, atPublishing, ...afterPublishing];
    expect(await stepsThatAreNotCut('capture-image', cuts)).toEqual([]);
  });

  it('knows at each attempt how many were answered with an error', async ({ expect }) => {
    const { node, start } = await newCapture();
    const check = { node, activity: 'checkCapture', call: 'provisioner().capturing.check', when: 'before' } as const;
    tampering.fail(check, { error: new UnavailableError('nothing answers'), times: 2 });
    const held = tampering.hold({ ...check, when: 'after' });
    const run = await start();
    await held.reached;
    await vi.waitFor(async () => expect(await lastPulse(run.id)).toMatchObject({ failedTries: 2 }), patience);
    held.release();
    await run.result();
  });

  const lastPulse = async (run: string): Promise<unknown> => {
    const { raw } = await imprint.temporal.workflow.getHandle(run).describe();
    const details = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0];
    return details && defaultPayloadConverter.fromPayload(details);
  };

  describe('and whose undo is refused for good', () => {
    const broken: Cut = { step: '6.3', activity: 'checkSeal', call: 'operatingSystem().sealChecks', when: 'after' };
    const undo = { activity: 'removeStaging', call: 'library.shell.run', when: 'before' } as const;

    it('takes all the rest back, and names what it could not', async ({ expect }) => {
      const prepared = await newCapture();
      tampering.fail({ ...undo, node: prepared.node });
      const run = await saga.failAt(broken, prepared);
      expect(run.failure.reason).toBe('UndoFailed');
      expect(run.failure.message).toMatch(/could not be undone: 5 Open the staging directory/);
      expect(run.left).toMatchObject({ state: 'maintenance', owner: undefined, revisions: 'no image', jobs: [] });
      expect(run.left.staging).toHaveLength(1);
      const steps = await imprint.catalog.runs.steps(run.run);
      expect(steps.filter(({ state }) => state === 'undo-failed').map(({ number }) => number)).toEqual(['5']);
    });

    it('leaves a node to look at even before preCapture began', async ({ expect }) => {
      const prepared = await newCapture();
      tampering.fail({ ...undo, node: prepared.node });
      const cut: Cut = { step: '5', activity: 'openStaging', call: 'library.shell.run', when: 'after' };
      const run = await saga.failAt(cut, prepared);
      expect(run.left).toMatchObject({ state: 'maintenance', owner: undefined, power: 'on' });
    });

    it('goes on taking back what it can when it is cancelled meanwhile', async ({ expect }) => {
      const prepared = await newCapture();
      const held = tampering.hold({ ...undo, node: prepared.node });
      tampering.fail({ ...broken, node: prepared.node });
      const run = await prepared.start();
      await held.reached;
      await run.cancel();
      await untilCancelWasSeen(imprint, run.id);
      held.release();
      await failureOf(run);
      expect(await run.describe()).toMatchObject({
        state: 'failed',
        outcome: expect.stringMatching(/refused by the test/),
      });
      const left = await leftoversOf(imprint, run.id, prepared.image);
      expect(left).toEqual({ ...untouched, state: 'maintenance', power: 'off' });
    });
  });

  describe('by a failure', () => {
    it.for(beforePreCapture)('at step $step, $when $call, leaves the node as it was', async (cut, { expect }) => {
      const run = await saga.failAt(cut, await newCapture());
      expect(run.failure.reason).toBe('ConflictError');
      expect(run.left).toEqual(untouched);
      await expectClosed(expect, imprint, run, cut.step);
    });

    it.for(beforePublishing)('at step $step, $when $call, leaves a node to look at', async (cut, { expect }) => {
      const run = await saga.failAt(cut, await newCapture());
      expect(run.failure.reason).toBe('ConflictError');
      expect(run.left).toEqual({ ...untouched, state: 'maintenance', power: cut.power });
      expect(await violationsOn(imprint, run.node)).toEqual([]);
      await expectClosed(expect, imprint, run, cut.step);
    });

    it('at step 7.1, before anything was moved, leaves a node to look at, and keeps the complete copy', async ({
      expect,
    }) => {
      const run = await saga.failAt(atPublishing, await newCapture());
      // The simulated world remembers the copy, which is done.
      expect(run.left).toEqual({ ...untouched, state: 'maintenance', power: 'off', jobs: ['copy-vda'] });
      const { outcome } = await imprint.catalog.runs.get(run.run);
      const [, kept = ''] = /the complete copy was not published and is kept in (\S+)/.exec(outcome ?? '') ?? [];
      expect(kept).toContain(join(imprint.library, '.kept'));
      expect(await readdir(kept)).toContain('vda.simulated');
      await expectClosed(expect, imprint, run, atPublishing.step);
    });

    it.for(afterPublishing)(
      'at step $step, $when $call, keeps the revision, and says both',
      async (cut, { expect }) => {
        const run = await saga.failAt(cut, await newCapture(cut.after));
        expect(run.left).toMatchObject({ state: 'maintenance', owner: undefined, staging: [] });
        expect(run.left).toMatchObject({ revisions: ['available'], published: [`${run.image}-v1`] });
        const { outcome } = await imprint.catalog.runs.get(run.run);
        expect(outcome).toMatch(`refused by the test; ${run.image}-v1 is published and stays`);
        await expectClosed(expect, imprint, run, cut.step);
      },
    );
  });

  describe('by a cancellation', () => {
    it.for(beforePreCapture)('at step $step, $when $call, leaves the node as it was', async (cut, { expect }) => {
      const run = await saga.cancelAt(cut, await newCapture());
      expect(run.failure.reason).toBe('Cancelled');
      expect(run.left).toEqual(untouched);
      await expectClosed(expect, imprint, run);
    });

    it.for(beforePublishing)('at step $step, $when $call, leaves a node to look at', async (cut, { expect }) => {
      const run = await saga.cancelAt(cut, await newCapture());
      expect(run.failure.reason).toBe('Cancelled');
      // What was under way when the cancellation came may have gone on to its end.
      expect(run.left).toEqual({ ...untouched, state: 'maintenance', power: run.left.power });
      expect(await violationsOn(imprint, run.node)).toEqual([]);
      await expectClosed(expect, imprint, run);
    });

    it('while it is published finishes publishing, and stops there', async ({ expect }) => {
      const cut: Cut = { step: '7.1', activity: 'publishCopy', call: 'library.shell.run', when: 'before' };
      const run = await saga.cancelAt(cut, await newCapture('powerOn'));
      expect(run.failure.reason).toBe('Cancelled');
      expect(run.left).toMatchObject({ state: 'maintenance', owner: undefined, staging: [], power: 'off' });
      expect(run.left).toMatchObject({ revisions: ['available'], published: [`${run.image}-v1`] });
    });

    it('while its system boots again learns the host keys that it has made, and the node can be captured again', async ({
      expect,
    }) => {
      const cut: Cut = { step: '8.5', activity: 'setPower', call: 'provisioner().power.on', when: 'after' };
      const first = await newCapture('powerOn');
      await (await first.start()).result();
      const { node } = first;
      const before = (await imprint.catalog.computers.get(node)).hostKeys;
      const run = await saga.cancelAt(cut, await newCapture('powerOn', node));
      expect(run.left).toMatchObject({ state: 'maintenance', power: 'on', published: [`${run.image}-v1`] });
      expect((await imprint.catalog.computers.get(node)).hostKeys).not.toEqual(before);
      await imprint.client.releaseNode({ node, by: 'test', reason: 'looked at' });
      await (await (await newCapture('leaveOff', node)).start()).result();
    });
  });

  describe('by an answer that is lost', () => {
    it.for([...beforePreCapture, ...beforePublishing].filter(({ when }) => when === 'after'))(
      'at step $step, of $call, goes on',
      async (cut, { expect }) => {
        const prepared = await newCapture();
        const error = new OutcomeUnknownError('the answer was lost');
        tampering.fail({ ...cut, node: prepared.node }, { error, times: 1 });
        const run = await prepared.start();
        await run.result();
        const record = await imprint.catalog.runs.steps(run.id);
        // A system that is being sealed answers no second call: there the power tells that it was done.
        const attempt = cut.step === '5.2' ? 1 : 2;
        expect(record.find(({ number }) => number === cut.step)).toMatchObject({ state: 'done', attempt });
        const done = await actionsOn(imprint, prepared.node);
        expect(done.filter((action) => action === 'copy-vda')).toHaveLength(1);
        expect(await violationsOn(imprint, prepared.node)).toEqual([]);
        const left = await leftoversOf(imprint, run.id, prepared.image);
        expect(left).toMatchObject({
          state: 'available',
          revisions: ['available'],
          published: [`${prepared.image}-v1`],
        });
      },
    );

    it('of the publishing, of the catalog and of the release: each is done once', async ({ expect }) => {
      const { node, image, start } = await newCapture();
      const error = new OutcomeUnknownError('the answer was lost');
      for (const [activity, call] of [
        ['publishCopy', 'library.shell.run'],
        ['publishRevision', 'catalog.revisions.publish'],
        ['releaseNode', 'catalog.claims.release'],
        ['recordOutcome', 'catalog.runs.recordOutcome'],
      ] as const) {
        tampering.fail({ node, activity, call, when: 'after' }, { error, times: 1 });
      }
      const run = await start();
      await run.result();
      expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
        state: 'available',
        owner: undefined,
        revisions: ['available'],
        published: [`${image}-v1`],
        slots: [],
        staging: [],
      });
      expect(await run.describe()).toMatchObject({ state: 'completed' });
    });
  });
});
