import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simulatedSystem, startImprint, type TestImprint } from '../support/imprint.ts';
import { leftoversOf, type Leftovers } from '../support/leftovers.ts';
import { failureOf, untilCancelWasSeen, violationsOn } from '../support/runs.ts';
import { createTampering, type CallPoint, type Tampering } from '../support/tampering.ts';

/** A step, and the call in it that goes wrong. */
interface Cut extends Pick<CallPoint, 'activity' | 'call' | 'when'> {
  readonly step: string;
}

const steps = 'provisioner().capturing.steps';
const carryOut = (step: string, call: string, when: CallPoint['when']): Cut => ({
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

/** From preCapture to the point of no return, an administrator has to look at the node, and nothing else remains. */
const beforePublishing: readonly Cut[] = [
  carryOut('5.1', 'operatingSystem().preCapture', 'before'),
  carryOut('5.1', 'operatingSystem().preCapture', 'after'),
  carryOut('5.2', 'operatingSystem().seal', 'before'),
  carryOut('5.2', 'operatingSystem().seal', 'after'),
  carryOut('5.3', `${steps}.confirmOff.act`, 'before'),
  carryOut('5.4', `${steps}.describe.act`, 'after'),
  carryOut('5.5', `${steps}.copy.act`, 'before'),
  carryOut('5.5', `${steps}.copy.act`, 'after'),
  { step: '6.1', activity: 'verifyStructure', call: 'provisioner().capturing.staged', when: 'before' },
  { step: '6.2', activity: 'checksumDisks', call: 'library.shell.run', when: 'after' },
  { step: '6.3', activity: 'checkSeal', call: 'operatingSystem().sealChecks', when: 'after' },
];

const untouched: Leftovers = {
  state: 'available',
  owner: undefined,
  loaded: undefined,
  revisions: 'no image',
  staging: [],
  jobs: [],
  published: [],
  power: 'on',
  disksOf: 'nobody',
};

const label = ({ step, when, call }: Cut): string => `${step}, ${when} ${call}`;

describe('a capture that is cut', () => {
  let imprint: TestImprint;
  let tampering: Tampering;

  beforeAll(async () => {
    tampering = createTampering();
    imprint = await startImprint();
    await imprint.startWorkerHere((deps) => tampering.around(deps));
  });
  afterAll(async () => await imprint.stop());

  const newCapture = async (after: 'leaveOff' | 'reload' | 'powerOn' = 'leaveOff') => {
    const node = await imprint.addNode({ disks: [{ name: 'vda', usedBytes: 1_000 }] });
    const image = imprint.fresh('image');
    const start = async () =>
      await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem, after });
    return { node, image, start };
  };

  const failAt = async (cut: Cut, after: 'leaveOff' | 'reload' | 'powerOn' = 'leaveOff') => {
    const { node, image, start } = await newCapture(after);
    tampering.fail({ node, ...cut }, { times: 1 });
    const run = await start();
    const failure = await failureOf(run);
    return { node, image, run, failure, left: await leftoversOf(imprint, run.id, image) };
  };

  const cancelAt = async (cut: Cut) => {
    const { node, image, start } = await newCapture();
    const held = tampering.hold({ node, ...cut });
    const run = await start();
    await held.reached;
    await run.cancel();
    await untilCancelWasSeen(imprint, run.id);
    held.release();
    const failure = await failureOf(run);
    return { node, run, image, failure, left: await leftoversOf(imprint, run.id, image) };
  };

  describe.concurrent('by a failure', () => {
    it.for(beforePreCapture)('at step $step, $when $call, leaves the node as it was', async (cut, { expect }) => {
      const { failure, left, run } = await failAt(cut);
      expect(failure.reason).toBe('ConflictError');
      expect(left).toEqual(untouched);
      await expectClosed(expect, imprint, run.id, cut.step);
    });

    it.for(beforePublishing)('at step $step, $when $call, leaves a node to look at', async (cut, { expect }) => {
      const { failure, left, node, run } = await failAt(cut);
      expect(failure.reason).toBe('ConflictError');
      const off = Number(cut.step) >= 5.3 || label(cut).startsWith('5.2, after');
      expect(left).toEqual({ ...untouched, state: 'maintenance', power: off ? 'off' : 'on' });
      expect(await violationsOn(imprint, node)).toEqual([]);
      await expectClosed(expect, imprint, run.id, cut.step);
    });
  });

  describe.concurrent('by a cancellation', () => {
    it.for(beforePreCapture)('at step $step, $when $call, leaves the node as it was', async (cut, { expect }) => {
      const { failure, left, run } = await cancelAt(cut);
      expect(failure.reason).toBe('Cancelled');
      expect(left).toEqual(untouched);
      await expectClosed(expect, imprint, run.id);
    });

    it.for(beforePublishing)('at step $step, $when $call, leaves a node to look at', async (cut, { expect }) => {
      const { failure, left, node, run } = await cancelAt(cut);
      expect(failure.reason).toBe('Cancelled');
      expect(left).toMatchObject({ ...untouched, state: 'maintenance', power: expect.any(String) });
      expect(await violationsOn(imprint, node)).toEqual([]);
      await expectClosed(expect, imprint, run.id);
    });
  });
});

/** The record of a run that is over: no step still runs, and the one that failed says why. */
async function expectClosed(see: typeof expect, imprint: TestImprint, run: string, failedAt?: string): Promise<void> {
  const record = await imprint.catalog.runs.get(run);
  see(record.state).toBe(failedAt === undefined ? 'cancelled' : 'failed');
  const steps = await imprint.catalog.runs.steps(run);
  see(steps.filter(({ state }) => state === 'running' || state === 'undo-failed')).toEqual([]);
  const failed = steps.find(({ number }) => number === failedAt);
  if (failedAt !== undefined) see(failed?.error).toMatch(/refused by the test/);
}
