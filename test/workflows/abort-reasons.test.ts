import { temporal } from '@temporalio/proto';
import { describe, expect, it, vi } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import { simulatedSystem, type TestImprint, type WorkerHere } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { copyHistoryOf, copyLasting } from '../support/copies.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { failureOf, jobOf, patience, untilCopied } from '../support/runs.ts';

const { EventType } = temporal.api.enums.v1;

interface Copying {
  readonly node: string;
  readonly image: string;
  readonly run: RunHandle<unknown>;
}

/** Only a cancellation ends a job. Every other reason for which an activity is aborted leaves it to the next attempt. */
describe('a copy whose activity is aborted', () => {
  let imprint: TestImprint;
  let worker: WorkerHere;

  withImprint(async (started) => {
    imprint = started;
    worker = await imprint.startWorkerHere();
  });

  const startCopy = async (seconds: number, share = 0.1): Promise<Copying> => {
    const node = await imprint.addNode(copyLasting(seconds));
    const image = imprint.fresh('image');
    const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
    await untilCopied(imprint, node, share);
    return { node, image, run };
  };
  const service = () => imprint.temporal.workflowService;
  const here = () => ({ namespace: imprint.server.namespace });
  const pendingCopy = async ({ run }: Copying) => {
    const { raw } = await imprint.temporal.workflow.getHandle(run.id).describe();
    return raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'carryOutCaptureStep');
  };
  const expectOneCopy = async ({ run, image }: Copying): Promise<void> => {
    await run.result();
    expect(await copyHistoryOf(imprint, run.id, image)).toEqual({ begun: 1, sound: true });
  };

  it.concurrent('by a cancellation ends, and nothing of it is left', async () => {
    const copying = await startCopy(600, 0.001);
    const { node, image, run } = copying;
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
      owner: run.id,
      jobs: ['copy-vda'],
      revisions: ['capturing'],
    });
    await run.cancel();
    expect(await failureOf(run)).toMatchObject({ reason: 'Cancelled' });
    expect(await leftoversOf(imprint, run.id, image)).toEqual({
      state: 'maintenance',
      owner: undefined,
      loaded: undefined,
      revisions: 'no image',
      staging: [],
      jobs: [],
      slots: [],
      published: [],
      power: 'off',
      disksOf: 'nobody',
    });
    expect(await jobOf(imprint, node)).toMatchObject({ ended: true });
    expect(await run.describe()).toMatchObject({ state: 'cancelled', outcome: 'cancelled' });
  });

  it.concurrent('by a pause goes on, and is attached to again', async () => {
    const copying = await startCopy(12);
    const execution = { workflowId: copying.run.id };
    const { activityId: id } = (await pendingCopy(copying)) ?? {};
    if (typeof id !== 'string') throw new Error('no copy is pending');
    await service().pauseActivity({ ...here(), execution, id, identity: 'test', reason: 'test' });
    await vi.waitFor(async () => {
      const pending = await pendingCopy(copying);
      expect(pending).toMatchObject({ paused: true });
      expect(pending?.lastFailure?.message).toMatch(/stopped waiting for the step/);
    }, patience);
    expect(await jobOf(imprint, copying.node)).toMatchObject({ owner: copying.run.id, ended: false });
    await service().unpauseActivity({ ...here(), execution, id, identity: 'test' });
    await expectOneCopy(copying);
    expect(await stepOfCopy(copying)).toMatchObject({ state: 'done', attempt: 2 });
  });
  const stepOfCopy = async ({ run }: Copying) =>
    (await imprint.catalog.runs.steps(run.id)).find(({ number }) => number === '5.5');

  it.concurrent('by a termination goes on: nobody asked to take it back', async () => {
    const { node, image, run } = await startCopy(12);
    await imprint.temporal.workflow.getHandle(run.id).terminate('test');
    await failureOf(run);
    // The control of the other cases: here the claim, the reservation and the staging directory are seen to stay.
    const left = await leftoversOf(imprint, run.id, image);
    expect(left).toMatchObject({ state: 'capturing', owner: run.id, revisions: ['capturing'], jobs: ['copy-vda'] });
    expect(left.staging).toHaveLength(1);
    await untilCopied(imprint, node, 0.9);
    expect(await jobOf(imprint, node)).toMatchObject({ owner: run.id, ended: false });
  });

  it.concurrent('by a reset goes on, and the new execution of the run attaches to it', async () => {
    const copying = await startCopy(12);
    const handle = imprint.temporal.workflow.getHandle(copying.run.id);
    const events = (await handle.fetchHistory()).events ?? [];
    const copy = events.findLastIndex(({ eventType }) => eventType === EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
    const task = events
      .slice(0, copy)
      .findLast(({ eventType }) => eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
    if (!task?.eventId) throw new Error('no workflow task precedes the copy');
    await service().resetWorkflowExecution({
      ...here(),
      workflowExecution: { workflowId: copying.run.id },
      workflowTaskFinishEventId: task.eventId,
      reason: 'test',
      requestId: copying.node,
    });
    await imprint.temporal.workflow.getHandle(copying.run.id).result();
    expect(await copyHistoryOf(imprint, copying.run.id, copying.image)).toEqual({ begun: 1, sound: true });
    expect(await imprint.catalog.claims.find(copying.node)).toBeUndefined();
  });

  describe('by the shutdown of its worker', () => {
    it('goes on, and the next worker attaches to it', async () => {
      const copying = await startCopy(20);
      const before = await jobOf(imprint, copying.node);
      await worker.stop();
      expect(await jobOf(imprint, copying.node)).toMatchObject({ ended: false });
      worker = await imprint.startWorkerHere();
      await expectOneCopy(copying);
      expect((await jobOf(imprint, copying.node))?.startedAt).toBe(before?.startedAt);
    });

    it('does not begin when its run was cancelled before any worker saw it', async () => {
      await worker.stop();
      const [node, image] = [await imprint.addNode(), imprint.fresh('image')];
      const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
      await run.cancel();
      worker = await imprint.startWorkerHere();
      expect(await failureOf(run)).toMatchObject({ reason: 'Cancelled' });
      expect(await run.describe()).toMatchObject({ state: 'cancelled' });
      expect(await imprint.catalog.runs.steps(run.id)).toEqual([]);
      expect(await leftoversOf(imprint, run.id, image)).toMatchObject({ state: 'available', power: 'on' });
    });

    it('would be seen to be copied twice, if its job were lost', async () => {
      const copying = await startCopy(8);
      const computer = await imprint.catalog.computers.get(copying.node);
      await worker.stop();
      await imprint.world.change(computer, {}, (machine) => ({ ...machine, jobs: {} }));
      worker = await imprint.startWorkerHere();
      await copying.run.result();
      expect(await copyHistoryOf(imprint, copying.run.id, copying.image)).toEqual({ begun: 2, sound: true });
    });
  });
});
