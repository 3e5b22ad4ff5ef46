import { describe, it, vi } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { actionsOn, failureOf, violationsOn } from '../support/runs.ts';
import { createTampering, type CallPoint, type Tampering } from '../support/tampering.ts';

const fast = { copyBytesPerSecond: 1024 ** 4 };
const carryOut = { activity: 'carryOutCaptureStep', when: 'before' } as const;
const copy = { ...carryOut, call: 'provisioner().capturing.steps.copy.act' };
const preCapture = { ...carryOut, call: 'operatingSystem().preCapture' };

vi.setConfig({ maxConcurrency: 6 });

describe.concurrent('a capture that is over', () => {
  let imprint: TestImprint;
  let tampering: Tampering;

  withImprint(async (started) => {
    imprint = started;
    tampering = createTampering();
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    const base = { node: await imprint.addNode(fast), image: 'base', operatingSystem: simulatedSystem };
    await (await imprint.client.startCapture(base)).result();
  });

  const capture = async (node: string, image: string): Promise<RunHandle<unknown>> =>
    await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
  const failedAt = async (point: Omit<CallPoint, 'node'>, node?: string) => {
    const failing = node ?? (await imprint.addNode(fast));
    const image = imprint.fresh('image');
    tampering.fail({ ...point, node: failing }, { times: 1 });
    const run = await capture(failing, image);
    await failureOf(run);
    return { node: failing, image, run };
  };
  const effects = async (node: string, action: string): Promise<number> =>
    (await actionsOn(imprint, node)).filter((done) => done === action).length;
  const stepsOf = async (run: RunHandle<unknown>) => await imprint.catalog.runs.steps(run.id);
  const evidenceOf = async (run: RunHandle<unknown>, number: string) =>
    (await stepsOf(run)).find((step) => step.number === number)?.evidence;
  const power = async (node: string, action: 'on' | 'off'): Promise<void> => {
    await (await imprint.client.power({ node, action, force: true })).result();
  };
  const replayed = async (run: RunHandle<unknown>, request = {}) => await imprint.client.replay(run.id, request);

  it('and failed in its copy is taken up by another run, which copies the disk that was sealed, and seals nothing again', async ({
    expect,
  }) => {
    const { node, image, run } = await failedAt(copy);
    const preview = await imprint.client.planReplay(run.id);
    expect(preview).toMatchObject({
      revision: `${image}-v1`,
      takesUp: { run: run.id, behindStep: '5.3' },
      check: { problems: [] },
    });
    expect(preview.steps.map(({ kind }) => kind)).toEqual(['proveOff', 'describe', 'copy']);

    const again = await replayed(run, { by: 'alice' });
    await expect(again.result()).resolves.toMatchObject({ image, revision: 1 });
    expect((await again.describe()).input['resumes']).toEqual({ run: run.id, by: 'alice' });
    expect(await evidenceOf(again, '3')).toMatchObject({ takesUp: { run: run.id, behindStep: '5.3' } });
    expect(await effects(node, 'seal')).toBe(1);
    expect(await violationsOn(imprint, node)).toEqual([]);
    expect(await leftoversOf(imprint, again.id, image)).toMatchObject({ revisions: ['available'], owner: undefined });
  });

  it('and whose replay failed too is taken up from that one, still without sealing anything again', async ({
    expect,
  }) => {
    const { node, image, run } = await failedAt(copy);
    tampering.fail({ ...copy, node }, { times: 1 });
    const second = await replayed(run, { onFailure: 'unwind' });
    await failureOf(second);
    await expect(replayed(run)).rejects.toMatchObject({
      name: 'ConflictError',
      message: expect.stringContaining(`imprint runs replay ${second.id}`),
    });
    const third = await replayed(second);
    await expect(third.result()).resolves.toMatchObject({ image, revision: 1 });
    expect(await effects(node, 'seal')).toBe(1);
  });

  it('and failed before its system was sealed is begun at the beginning', async ({ expect }) => {
    const { node, run } = await failedAt(preCapture);
    const again = await replayed(run);
    await again.result();
    expect(await evidenceOf(again, '3')).toMatchObject({
      takesUp: { fromTheBeginning: 'no earlier run has sealed it' },
    });
    expect(await effects(node, 'seal')).toBe(1);
  });

  it('is prepared and sealed again where its machine was started since, and refused while that is off', async ({
    expect,
  }) => {
    const { node, run } = await failedAt(copy);
    await power(node, 'on');
    await power(node, 'off');
    const refused = await replayed(run);
    expect((await failureOf(refused)).message).toMatch(
      /off since it was sealed.*cannot be prepared again: power it on/s,
    );
    expect(await effects(node, 'seal')).toBe(1);
    expect((await imprint.catalog.computers.get(node)).state).toBe('maintenance');

    await power(node, 'on');
    const late = await replayed(run, { from: '5.5' });
    expect((await failureOf(late)).message).toMatch(/begin at step 5\.5: it cannot be proved/);
    const again = await replayed(run);
    await again.result();
    expect(await effects(node, 'seal')).toBe(2);
  });

  it('is begun at the step that an operator names', async ({ expect }) => {
    const { run } = await failedAt(copy);
    const preview = imprint.client.planReplay(run.id, { from: '5.1' });
    await expect(preview).rejects.toThrow(/everything from step 5\.1 on was asked for again.*is off/s);
    const later = await imprint.client.planReplay(run.id, { from: '5.5' });
    expect(later.steps.map(({ kind }) => kind)).toEqual(['proveOff', 'describe', 'copy']);
  });

  it('and whose number another capture has taken is not published under a name that its disk does not have', async ({
    expect,
  }) => {
    const { image, run } = await failedAt(copy);
    await (await capture(await imprint.addNode(fast), image)).result();
    const refused = await replayed(run);
    expect((await failureOf(refused)).message).toMatch(
      /sealed as .*-v1, whose number another capture has taken.*power it on/s,
    );
  });

  it('and was terminated in its copy is taken over, and its disk copied again', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const image = imprint.fresh('image');
    const held = tampering.hold({ ...copy, node });
    const run = await capture(node, image);
    await held.reached;
    await imprint.temporal.workflow.getHandle(run.id).terminate('by a test');
    held.release();
    const again = await replayed(run);
    await expect(again.result()).resolves.toMatchObject({ image, revision: 1 });
    expect(await evidenceOf(again, '1.1')).toMatchObject({ takenFrom: run.id });
    expect(await effects(node, 'seal')).toBe(1);
    expect(await violationsOn(imprint, node)).toEqual([]);
  });

  it('is not taken up where something else than it would be captured', async ({ expect }) => {
    const { node, run } = await failedAt(copy);
    const refusal = async (id: string, request = {}): Promise<string> =>
      await imprint.client.replay(id, request).then(
        () => 'accepted',
        (error: unknown) => String(error),
      );
    expect(await refusal('captureImage/nowhere/x')).toMatch(/no run/);
    expect(await refusal(run.id, { from: '6.2' })).toMatch(/did not reach step 6\.2; its steps: 1, 2, 3/);
    expect(await refusal(run.id, { from: 'copy' })).toMatch(/from: expected the number of a step/);

    const load = await imprint.client.startLoad({ node, image: 'base' });
    await load.result();
    expect(await refusal(load.id)).toMatch(/is no capture.*imprint load/);
    expect(await refusal(run.id)).toMatch(new RegExp(`run ${load.id} has worked on ${node} since`));

    const done = await capture(node, imprint.fresh('image'));
    await done.result();
    expect(await refusal(done.id)).toMatch(/has published .*nothing is left to capture; to load it: imprint load/);
    // Started without the client, it is refused by its first step, and the node stays as it is.
    const workflow = await imprint.temporal.workflow.start('captureImage', {
      workflowId: `captureImage/${node}/by-hand`,
      taskQueue: 'imprint',
      args: [{ node, image: 'other', resumes: { run: run.id } }],
    });
    await expect(workflow.result()).rejects.toMatchObject({
      cause: { cause: { message: expect.stringMatching(/only that is taken up from it/) } },
    });
    expect(await imprint.catalog.claims.find(node)).toBeUndefined();
  });
});
