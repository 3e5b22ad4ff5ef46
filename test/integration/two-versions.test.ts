import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import type { Hold } from '../../src/domain/hold.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { patience, timesOf, violationsOn } from '../support/runs.ts';
import type { TurningWorker } from '../support/turning-worker.ts';
import { startVersions, type Versions } from '../support/two-versions.ts';

const { EventType, WorkflowTaskFailedCause } = temporal.api.enums.v1;
const by = { by: 'alice', reason: 'upgrade' };

interface Started {
  readonly run: RunHandle<unknown>;
  readonly node: string;
  readonly image: string;
}

/** Real worker processes: see test/support/two-versions.ts for what differs between them. */
describe('the workers of two versions that poll together', () => {
  let imprint: TestImprint;
  let versions: Versions;
  const undos: (() => Promise<unknown>)[] = [];

  withImprint(async (started) => {
    imprint = started;
    const directory = await mkdtemp(join(tmpdir(), 'imprint-versions-'));
    undos.push(async () => await rm(directory, { recursive: true, force: true }));
    const running = await startVersions(directory, { ...imprint.environment, IMPRINT_LOG_LEVEL: 'error' });
    undos.unshift(running.stop);
    versions = running;
    await versions.previous.poll();
    const base = { node: await imprint.addNode(), image: 'base', operatingSystem: simulatedSystem };
    await (await imprint.client.startCapture(base)).result();
  });
  afterAll(async () => {
    for (const undo of undos) await undo();
  });

  const capture = async (): Promise<Started> => {
    const [node, image] = [await imprint.addNode(), imprint.fresh('image')];
    return { node, image, run: await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem }) };
  };
  const load = async (): Promise<Started> => {
    const node = await imprint.addNode();
    return { node, image: 'base', run: await imprint.client.startLoad({ node, image: 'base' }) };
  };
  const pause = async ({ run }: Started): Promise<Hold> => {
    const before = await imprint.catalog.holds.find(run.id);
    await run.pause(by);
    return await vi.waitFor(async () => {
      const hold = await imprint.catalog.holds.find(run.id);
      if (hold === undefined || hold.id === before?.id) throw new Error(`run ${run.id} does not wait`);
      return hold;
    }, patience);
  };
  /** Begun by whoever polls, and paused before its change comes. */
  const begin = async (): Promise<readonly Started[]> => {
    const started = await Promise.all([capture(), capture(), load(), load()]);
    for (const hold of await Promise.all(started.map(pause))) expect(hold.step).toMatch(/^[1-5]/);
    return started;
  };
  /** A few steps further, still before the change. */
  const goOn = async (started: Started): Promise<void> => {
    await started.run.answer('resume', by);
    expect((await pause(started)).step).toMatch(/^[1-5]/);
  };
  const eventsOf = async ({ run }: Started) =>
    (await imprint.temporal.workflow.getHandle(run.id).fetchHistory()).events ?? [];
  /** The processes that have carried out the run's tasks, in their order. */
  const carriers = async (started: Started): Promise<readonly number[]> =>
    (await eventsOf(started)).flatMap(({ workflowTaskCompletedEventAttributes: task }) =>
      task?.identity ? [Number.parseInt(task.identity, 10)] : [],
    );
  const tookTheNewWay = async (started: Started): Promise<boolean> =>
    (await eventsOf(started)).some(({ eventType }) => eventType === EventType.EVENT_TYPE_MARKER_RECORDED);
  const expectWhole = async ({ run, node, image }: Started): Promise<void> => {
    await run.result();
    expect(await violationsOn(imprint, node)).toEqual([]);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({ owner: undefined, staging: [], slots: [] });
    expect((await imprint.catalog.revisions.list(image)).map(({ state }) => state)).toEqual(['available']);
    if (image !== 'base') expect(await timesOf(imprint, node, 'seal')).toBe(1);
  };
  /** Begun by one version, carried on by both, and finished by the other. */
  const handOver = async (from: TurningWorker, to: TurningWorker): Promise<readonly Started[]> => {
    const started = await begin();
    await to.poll();
    await Promise.all(started.map(goOn));
    await from.rest();
    const pids = await Promise.all(started.map(carriers));
    expect(pids.map(([first]) => first)).toEqual(started.map(() => from.pid));
    expect(new Set(pids.flat())).toEqual(new Set([from.pid, to.pid]));
    for (const { run } of started) await run.answer('resume', by);
    await Promise.all(started.map(expectWhole));
    expect((await Promise.all(started.map(carriers))).map((all) => all.at(-1))).toEqual(started.map(() => to.pid));
    return started;
  };
  /** A capture that waits right behind the place of the change. */
  const pausedBehind = async (): Promise<Started & { readonly hold: Hold }> => {
    const started = await capture();
    await vi.waitFor(async () => {
      const steps = await imprint.catalog.runs.steps(started.run.id);
      if (!steps.some(({ number, state }) => number === '5.5' && state === 'running')) throw new Error('no copy yet');
    }, patience);
    const hold = await pause(started);
    expect(hold.step).toBe('6.1');
    return { ...started, hold };
  };
  /** Answers without asking the run first: a worker that cannot carry it on cannot tell what it waits for either. */
  const resume = async ({ run, hold }: Awaited<ReturnType<typeof pausedBehind>>): Promise<void> =>
    await imprint.temporal.workflow.getHandle(run.id).executeUpdate('resume', { args: [{ hold: hold.id, ...by }] });
  const untilRefused = async (started: Started): Promise<void> =>
    await vi.waitFor(async () => {
      const failed = (await eventsOf(started)).flatMap(({ workflowTaskFailedEventAttributes: task }) => task ?? []);
      expect(failed.map(({ cause }) => cause)).toContain(
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR,
      );
    }, patience);

  it('finish what the other has begun, whichever way the run goes', async () => {
    const { previous, present, unguarded } = versions;
    const behind = await pausedBehind();

    const forward = await handOver(previous, present);
    expect(await Promise.all(forward.map(tookTheNewWay))).toEqual([true, true, true, true]);

    const ahead = await pausedBehind();
    const backward = await handOver(present, previous);
    expect(await Promise.all(backward.map(tookTheNewWay))).toEqual([false, false, false, false]);

    // What has taken the new way waits for a worker of the new version.
    const answered = resume(ahead);
    await untilRefused(ahead);
    await previous.rest();
    await present.poll();
    await answered;
    await expectWhole(ahead);

    // The control: without its guard the same change stops a run that was past its place, until the previous version is back.
    await present.rest();
    await unguarded.poll();
    const control = resume(behind);
    await untilRefused(behind);
    await unguarded.rest();
    await previous.poll();
    await control;
    await expectWhole(behind);
    expect((await carriers(behind)).at(-1)).toBe(previous.pid);
  });
});
