import { temporal } from '@temporalio/proto';
import { describe, it, vi, type ExpectStatic } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { failureOf, patience } from '../support/runs.ts';
import { createTampering, type Tampering } from '../support/tampering.ts';

const { EventType } = temporal.api.enums.v1;
const fast = { copyBytesPerSecond: 1024 ** 4 };
const copy = {
  activity: 'carryOutCaptureStep',
  call: 'provisioner().capturing.steps.copy.act',
  when: 'before',
} as const;

vi.setConfig({ maxConcurrency: 4 });

describe.concurrent('a run that Temporal resets', () => {
  let imprint: TestImprint;
  let tampering: Tampering;

  withImprint(async (started) => {
    imprint = started;
    tampering = createTampering();
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    const base = { node: await imprint.addNode(fast), image: 'base', operatingSystem: simulatedSystem };
    await (await imprint.client.startCapture(base)).result();
  });

  const capture = async (node: string, image: string, more = {}): Promise<RunHandle<unknown>> =>
    await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem, ...more });
  /** The ends of all workflow tasks of an execution: where Temporal's UI offers to reset to. */
  const resetPoints = async (run: RunHandle<unknown>): Promise<{ execution: string; events: readonly number[] }> => {
    const workflow = imprint.temporal.workflow.getHandle(run.id);
    const { events } = await workflow.fetchHistory();
    const ends = (events ?? []).filter((one) => one.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
    return { execution: (await workflow.describe()).runId, events: ends.map(({ eventId }) => Number(eventId)) };
  };
  const reset = async (run: RunHandle<unknown>, execution: string, event: number): Promise<string> => {
    const { runId } = await imprint.temporal.workflowService.resetWorkflowExecution({
      namespace: imprint.server.namespace,
      workflowExecution: { workflowId: run.id, runId: execution },
      reason: 'by a test',
      // The server's own type for 64-bit numbers.
      workflowTaskFinishEventId: event as never,
      requestId: `${run.id}/${String(event)}`,
    });
    return runId;
  };
  const standing = async (node: string) => ({
    computer: await imprint.catalog.computers.get(node),
    claim: await imprint.catalog.claims.find(node),
    machine: await imprint.world.machine(await imprint.catalog.computers.get(node)),
  });
  /** Resets an ended run to each of its workflow tasks; every one is refused, and leaves the node and the record as they are. */
  const expectRefused = async (expect: ExpectStatic, run: RunHandle<unknown>, node: string) => {
    const { execution, events } = await resetPoints(run);
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
    await expectRefused(expect, run, node);
  });

  it('after a load was done is refused at each of its workflow tasks, and the load stays', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const run = await imprint.client.startLoad({ node, image: 'base' });
    await run.result();
    await expectRefused(expect, run, node);
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
    const { execution, events } = await resetPoints(run);
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
    const { execution, events } = await resetPoints(run);
    await reset(run, execution, events[0] ?? 0);
    await run.result();
    expect((await imprint.catalog.runs.steps(run.id)).find(({ number }) => number === '5.1')?.title).toMatch(/^Prove/);
    const sealed = (await imprint.world.events()).filter((one) => one.node === node && one.action === 'seal');
    expect(sealed.filter(({ kind }) => kind === 'effect')).toHaveLength(1);
    expect((await imprint.catalog.revisions.list(image)).map(({ state }) => state)).toEqual(['available']);
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
    const { execution, events } = await resetPoints(run);
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
});
