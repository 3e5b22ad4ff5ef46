import { describe, expect, it } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import { captureFreshNode } from '../support/captured-image.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { actionsOn, failureOf, timesOf, violationsOn } from '../support/runs.ts';
import { createTampering, type Tampering } from '../support/tampering.ts';

/** Each step is done, its answer is lost, and it is done again: as after a worker that died at the worst moment, every time. */
describe.concurrent('a run in which every first answer is lost', () => {
  let imprint: TestImprint;
  let tampering: Tampering;

  withImprint(async (started) => {
    imprint = started;
    tampering = createTampering();
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    await captureFreshNode(imprint, 'base');
  });

  const forgetfulNode = async (): Promise<string> => {
    const node = await imprint.addNode();
    tampering.loseFirstAnswers(node);
    return node;
  };

  /** The control: it really was done twice. */
  const expectTwice = async (run: RunHandle<unknown>): Promise<void> => {
    const steps = await imprint.catalog.runs.steps(run.id);
    expect(steps.filter(({ attempt }) => attempt < 2)).toEqual([]);
    expect(steps.filter(({ state }) => state !== 'done' && state !== 'undone')).toEqual([]);
  };

  it('captures and reloads the node, each effect once', async () => {
    const node = await forgetfulNode();
    const image = imprint.fresh('image');
    const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem, after: 'reload' });
    await run.result();
    await expectTwice(run);
    for (const action of ['preCapture', 'seal', 'copy-vda', 'setAside', 'fill-vda', 'start', 'postLoad']) {
      expect([action, await timesOf(imprint, node, action)]).toEqual([action, 1]);
    }
    expect(await violationsOn(imprint, node)).toEqual([]);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
      state: 'available',
      owner: undefined,
      revisions: ['available'],
      published: [`${image}-v1`],
      staging: [],
      power: 'on',
    });
    expect(await imprint.client.nodeStatus(node)).toMatchObject({ status: 'READY', currentimage: `${image}-v1` });
  });

  it('unwinds a capture that fails in the end', async () => {
    const node = await forgetfulNode();
    const image = imprint.fresh('image');
    tampering.fail({ node, activity: 'checkSeal', call: 'operatingSystem().sealChecks', when: 'after' });
    const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
    expect(await failureOf(run)).toMatchObject({ reason: 'ConflictError' });
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
      state: 'maintenance',
      owner: undefined,
      revisions: 'no image',
      staging: [],
      jobs: [],
      published: [],
    });
    expect(await violationsOn(imprint, node)).toEqual([]);
  });

  it('loads a node, or puts the outgoing system back', async () => {
    const node = await forgetfulNode();
    const first = await imprint.client.startLoad({ node, image: 'base' });
    await first.result();
    await expectTwice(first);
    expect(await timesOf(imprint, node, 'fill-vda')).toBe(1);
    await captureFreshNode(imprint, 'other');
    tampering.fail({ node, activity: 'awaitReady', call: 'provisioner().nodeStatus', when: 'before' });
    const second = await imprint.client.startLoad({ node, image: 'other' });
    expect(await failureOf(second)).toMatchObject({ reason: 'ConflictError' });
    expect(await leftoversOf(imprint, second.id, 'other')).toMatchObject({
      disksOf: first.id,
      power: 'on',
      owner: undefined,
    });
    expect(await imprint.client.nodeStatus(node)).toMatchObject({ status: 'READY', currentimage: 'base-v1' });
  });

  it('turns a node off and on, and takes its system off', async () => {
    const node = await forgetfulNode();
    for (const action of ['off', 'on'] as const) {
      const run = await imprint.client.power({ node, action });
      expect((await run.result()).value).toBe(action);
      await expectTwice(run);
    }
    const unload = await imprint.client.startUnload(node);
    await unload.result();
    await expectTwice(unload);
    expect(await actionsOn(imprint, node)).toEqual(['shutdown', 'power-on', 'unload']);
  });
});
