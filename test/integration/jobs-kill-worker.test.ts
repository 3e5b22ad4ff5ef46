import { describe, expect, it, vi } from 'vitest';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { copyHistoryOf, copyLasting } from '../support/copies.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { failureOf, jobOf, patience, untilCopied } from '../support/runs.ts';
import { resume, suspend } from '../support/worker-process.ts';

/** Real worker processes that are killed, stopped and drained while a copy runs. */
describe('a copy outlives its worker', () => {
  let imprint: TestImprint;

  withImprint(async (started) => {
    imprint = started;
  });

  const startCopy = async (seconds: number) => {
    const node = await imprint.addNode(copyLasting(seconds));
    const image = imprint.fresh('image');
    const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
    return { node, image, run };
  };
  const attemptOf = async (run: string): Promise<number> => {
    const { raw } = await imprint.temporal.workflow.getHandle(run).describe();
    return raw.pendingActivities?.[0]?.attempt ?? 0;
  };

  it('that is killed at 10, at 50 and at 90 per cent of it', async () => {
    const { node, image, run } = await startCopy(70);
    let worker = await imprint.startWorker();
    const first = await untilCopied(imprint, node, 0.1);
    for (const [share, attempt] of [
      [0.5, 2],
      [0.9, 3],
    ] as const) {
      await worker.kill();
      worker = await imprint.startWorker();
      const job = await untilCopied(imprint, node, share);
      expect(job.startedAt).toBe(first.startedAt);
      // Each time the next worker had taken it up before it was killed in its turn.
      expect(await attemptOf(run.id)).toBe(attempt);
    }
    await worker.kill();
    worker = await imprint.startWorker();
    await run.result();
    expect(await copyHistoryOf(imprint, run.id, image)).toEqual({ begun: 1, sound: true });
    expect((await jobOf(imprint, node))?.startedAt).toBe(first.startedAt);
    const steps = await imprint.catalog.runs.steps(run.id);
    expect(steps.find(({ number }) => number === '5.5')).toMatchObject({ state: 'done', attempt: 4 });
    await worker.kill();
  }, 300_000);

  it('that is drained: it says so, ends with status 0, and the next one goes on at once', async () => {
    const { node, image, run } = await startCopy(25);
    const worker = await imprint.startWorker();
    await untilCopied(imprint, node, 0.1);
    expect(await worker.drain()).toBe(0);
    expect(worker.log()).toContain('Worker is drained');
    expect(await jobOf(imprint, node)).toMatchObject({ owner: run.id, ended: false });
    const next = await imprint.startWorker();
    await run.result();
    expect(await copyHistoryOf(imprint, run.id, image)).toEqual({ begun: 1, sound: true });
    await next.kill();
  });

  it('that hangs past its time-out: another takes over, and the first one does no harm when it wakes up', async () => {
    const { node, image, run } = await startCopy(35);
    const sleeper = await imprint.startWorker();
    await untilCopied(imprint, node, 0.05);
    suspend(sleeper);
    const next = await imprint.startWorker();
    await vi.waitFor(async () => expect(await attemptOf(run.id)).toBe(2), patience);
    resume(sleeper);
    await vi.waitFor(() => expect(sleeper.log()).toMatch(/stopped waiting for the step/), patience);
    await run.result();
    expect(await copyHistoryOf(imprint, run.id, image)).toEqual({ begun: 1, sound: true });
    await Promise.all([sleeper.kill(), next.kill()]);
  });

  it('but not a cancellation that was asked for while no worker was there', async () => {
    const { node, image, run } = await startCopy(600);
    const worker = await imprint.startWorker();
    await untilCopied(imprint, node, 0.005);
    await worker.kill();
    await run.cancel();
    expect(await jobOf(imprint, node)).toMatchObject({ ended: false });
    const next = await imprint.startWorker();
    expect(await failureOf(run)).toMatchObject({ reason: 'Cancelled' });
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
      state: 'maintenance',
      owner: undefined,
      revisions: 'no image',
      staging: [],
      jobs: [],
    });
    const steps = await imprint.catalog.runs.steps(run.id);
    expect(steps.filter(({ state }) => state === 'running')).toEqual([]);
    await next.kill();
  });
});
