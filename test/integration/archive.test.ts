import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkflowNotFoundError } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { execa } from 'execa';
import pg from 'pg';
import { describe, expect, it, vi } from 'vitest';
import type { RunHandle, RunProgress } from '../../src/client.ts';
import { describeRun } from '../../src/cli/describe-run.ts';
import { lookOnce } from '../../src/cli/conduct-run.ts';
import { archiveScheduleId, scheduleArchiver } from '../../src/worker/archive-schedule.ts';
import { findTemporalBinary } from '../../src/platform/temporal-binary.ts';
import type { ArchiveRunsResult } from '../../src/workflows/archive-runs.ts';
import { sharedQueue } from '../../src/workflows/task-queues.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { imprint as command } from '../support/captured-terminal.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { failureOf, patience, untilCopied } from '../support/runs.ts';

/** A copy that no test waits for. */
const slow = { disks: [{ name: 'vda', usedBytes: 1024 ** 3 }], copyBytesPerSecond: 1024 ** 2 };

let imprint: TestImprint;
withImprint(async (started) => {
  imprint = started;
  await imprint.startWorkerHere();
});

async function archive(): Promise<ArchiveRunsResult> {
  const options = { workflowId: imprint.fresh('archive'), taskQueue: sharedQueue };
  return await imprint.temporal.workflow.execute<() => Promise<ArchiveRunsResult>>('archiveRuns', options);
}

/** Visibility comes a moment after the end. */
async function untilArchived(run: string, executions = 1): Promise<void> {
  await vi.waitFor(async () => {
    await archive();
    expect(await imprint.catalog.archive.list(run)).toHaveLength(executions);
  }, patience);
}

async function capture(settings: object = {}): Promise<RunHandle<unknown>> {
  const input = { node: await imprint.addNode({ ...settings }), image: imprint.fresh('image') };
  return await imprint.client.startCapture({ ...input, operatingSystem: simulatedSystem });
}

async function terminated(): Promise<RunHandle<unknown>> {
  const run = await capture(slow);
  await untilCopied(imprint, nodeOf(run.id), 0);
  await imprint.temporal.workflow.getHandle(run.id).terminate('by a test');
  return run;
}

async function cancelled(): Promise<RunHandle<unknown>> {
  const run = await capture(slow);
  await untilCopied(imprint, nodeOf(run.id), 0);
  await run.cancel();
  return run;
}

const nodeOf = (run: string): string => run.split('/')[1] ?? '';

/** As when its retention is over. */
async function forget(run: string): Promise<void> {
  const { namespace } = imprint.server;
  const workflowExecution = { workflowId: run };
  await imprint.temporal.workflowService.deleteWorkflowExecution({ namespace, workflowExecution });
  await vi.waitFor(async () => {
    const described = imprint.temporal.workflow.getHandle(run).describe();
    await expect(described).rejects.toThrow(WorkflowNotFoundError);
  }, patience);
}

/** All that a user can see of a run, and what its handle answers. */
async function seen(run: RunHandle<unknown>): Promise<unknown> {
  const progress = (await lookOnce(run)) as RunProgress;
  const answer = await run.result().catch((error: unknown) => {
    const { name, message, reason } = error as Error & { readonly reason: string };
    return { name, message, reason };
  });
  return { progress, shown: describeRun(progress, undefined), answer };
}

describe('the archiver', () => {
  it('keeps every ended run, however it ended, so that nobody notices when Temporal has forgotten it', async () => {
    const [completed, failed, ended, away] = await Promise.all([
      capture(),
      capture({ bytesNeeded: 1024 ** 5 }),
      terminated(),
      cancelled(),
    ]);
    await Promise.all([completed.result(), failureOf(failed), failureOf(away)]);
    const runs = { COMPLETED: completed, FAILED: failed, CANCELLED: away, TERMINATED: ended };
    for (const { id } of Object.values(runs)) await untilArchived(id);
    await Promise.all(
      Object.entries(runs).map(async ([status, run]) => {
        const searchAttributes = { ImprintNode: nodeOf(run.id) };
        expect(await imprint.catalog.archive.list(run.id)).toMatchObject([{ status, searchAttributes }]);
        const before = await seen(run);
        await forget(run.id);
        expect(await seen(run)).toEqual(before);
      }),
    );
    expect(await imprint.catalog.archive.list(completed.id)).toMatchObject([{ result: await completed.result() }]);
    // What nobody has kept is gone.
    await imprint.catalog.archive.removeBefore(new Date(Date.now() + 60_000).toISOString());
    await expect(completed.result()).rejects.toThrow(WorkflowNotFoundError);
  });

  it('settles a run that was terminated: its state, its end and the step that was cut', async () => {
    const run = await terminated();
    await untilArchived(run.id);
    const record = await run.describe();
    expect(record).toMatchObject({ state: 'terminated', outcome: expect.stringContaining('by a test') });
    const closed = (await imprint.catalog.archive.list(run.id))[0]?.closed;
    expect(record.ended).toBe(closed);
    const steps = await imprint.catalog.runs.steps(run.id);
    expect(steps.find(({ number }) => number === '5.5')).toMatchObject({ state: 'failed', endedAt: closed });
    expect(steps.filter(({ state }) => state === 'running')).toEqual([]);
    expect(await imprint.catalog.runs.list({ state: 'terminated', limit: 100 })).toContainEqual(record);
  });

  it('finds a run that timed out, and one that ended before the catalog knew of it', async () => {
    const node = await imprint.addNode(slow);
    const input = { node, image: imprint.fresh('image'), operatingSystem: simulatedSystem };
    const timed = `captureImage/${node}/timed`;
    const limits = { taskQueue: sharedQueue, workflowExecutionTimeout: '3 seconds' } as const;
    await imprint.temporal.workflow.start('captureImage', { workflowId: timed, args: [input], ...limits });
    const refused = `captureImage/${node}/refused`;
    const wrong = { workflowId: refused, args: [{ node, image: 'web-v3' }], taskQueue: sharedQueue };
    await expect(imprint.temporal.workflow.execute('captureImage', wrong)).rejects.toThrow();
    expect(await imprint.catalog.runs.find(refused)).toBeUndefined();
    await untilArchived(refused);
    expect(await imprint.catalog.runs.get(refused)).toMatchObject({
      procedure: 'captureImage',
      node,
      input: { image: 'web-v3' },
      state: 'failed',
      outcome: expect.stringContaining('ends like a revision'),
    });
    await untilArchived(timed);
    expect(await imprint.catalog.runs.get(timed)).toMatchObject({ state: 'timed-out' });
  });

  it('keeps a history that replays, and both executions of a run that was reset', async () => {
    const run = await imprint.client.power({ node: await imprint.addNode(), action: 'off' });
    await run.result();
    await untilArchived(run.id);
    const described = await imprint.temporal.workflow.getHandle(run.id).describe();
    await imprint.temporal.workflowService.resetWorkflowExecution({
      namespace: imprint.server.namespace,
      workflowExecution: { workflowId: run.id, runId: described.runId },
      reason: 'by a test',
      requestId: imprint.fresh('reset'),
      ...(await firstTaskOf(run.id)),
    });
    await imprint.temporal.workflow
      .getHandle(run.id)
      .result()
      .catch(() => undefined);
    await untilArchived(run.id, 2);
    const executions = await imprint.catalog.archive.list(run.id);
    expect(executions[1]?.execution).toBe(described.runId);
    for (const { execution } of executions) {
      const history = JSON.parse((await imprint.catalog.archive.history({ run: run.id, execution })) ?? '');
      const workflowsPath = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url));
      await Worker.runReplayHistory({ workflowsPath }, history, run.id);
    }
  });

  it('hands out the history of a run that goes on, of one that has ended, and of one that only it still has', async () => {
    vi.stubEnv('DATABASE_URL', imprint.databaseUrl);
    vi.stubEnv('TEMPORAL_ADDRESS', imprint.server.address);
    const directory = await mkdtemp(join(tmpdir(), 'imprint-export-'));
    const file = join(directory, 'history.json');
    const exported = async (run: string): Promise<unknown> => {
      const { out } = await command('runs', 'export', run, '--output', file, '--json');
      const replayed = await command('runs', 'replay', '--local', file, '--json');
      return { ...JSON.parse(out), ...JSON.parse(replayed.out), status: replayed.status };
    };
    const same = { status: 0, replay: { verdict: 'same' } };

    const open = await capture(slow);
    await untilCopied(imprint, nodeOf(open.id), 0);
    const copying = { number: '5.5', state: 'open' };
    expect(await exported(open.id)).toMatchObject({ ...same, from: 'temporal', state: 'running' });
    expect(await exported(open.id)).toMatchObject({
      steps: expect.arrayContaining([expect.objectContaining(copying)]),
    });
    await open.cancel();
    await failureOf(open);
    const ended = (await exported(open.id)) as object;
    expect(ended).toMatchObject({ ...same, from: 'temporal', run: open.id, state: 'cancelled' });

    const temporal = (await findTemporalBinary(directory))?.path ?? 'temporal';
    const shown = ['workflow', 'show', '--address', imprint.server.address, '--workflow-id', open.id];
    await writeFile(file, (await execa(temporal, [...shown, '--output', 'json'])).stdout);
    const byTemporal = await command('runs', 'replay', '--local', file, '--json');
    expect(ended).toMatchObject(JSON.parse(byTemporal.out));

    await untilArchived(open.id);
    await forget(open.id);
    expect(await exported(open.id)).toEqual({ ...ended, from: 'archive' });
    expect(await command('runs', 'export', 'captureImage/nowhere/none')).toMatchObject({ status: 4 });
    expect(await command('runs', 'replay', '--local', join(directory, 'none'))).toMatchObject({ status: 4 });
    vi.unstubAllEnvs();
    await rm(directory, { recursive: true });
  });

  it('says of a run that Temporal never knew that it was never started, once it cannot be on its way any more', async () => {
    const node = await imprint.addNode();
    const orphan = { id: `powerNode/${node}/orphan`, procedure: 'powerNode', node, input: { node } } as const;
    await imprint.catalog.runs.register(orphan);
    await archive();
    expect(await imprint.catalog.runs.get(orphan.id)).toMatchObject({ state: 'running' });
    await statement("UPDATE runs SET created = now() - interval '1 hour' WHERE id = $1", [orphan.id]);
    await archive();
    expect(await imprint.catalog.runs.get(orphan.id)).toMatchObject({
      state: 'lost',
      outcome: expect.stringContaining('never started'),
    });
    expect((await failureOf(imprint.client.run(orphan.id))).reason).toBe('lost');
  });

  it('leaves a run that goes on, and its own passes, out of the archive', async () => {
    const run = await capture(slow);
    await untilCopied(imprint, nodeOf(run.id), 0);
    await archive();
    expect(await imprint.catalog.archive.list(run.id)).toEqual([]);
    expect(await run.describe()).toMatchObject({ state: 'running' });
    const all = await imprint.catalog.runs.list({ limit: 1_000 });
    expect(all.filter(({ id }) => id.startsWith('archive'))).toEqual([]);
    await run.cancel();
    await failureOf(run);
  });

  it('runs at the start of each worker and on one schedule, however many workers make it at once', async () => {
    const run = await capture();
    await run.result();
    const connection = await NativeConnection.connect({ address: imprint.server.address });
    const place = { connection, namespace: imprint.server.namespace };
    await Promise.all([scheduleArchiver(place), scheduleArchiver(place), scheduleArchiver(place)]);
    await vi.waitFor(async () => {
      await scheduleArchiver(place);
      expect(await imprint.catalog.archive.list(run.id)).toHaveLength(1);
    }, patience);
    const { spec, policies } = await imprint.temporal.schedule.getHandle(archiveScheduleId).describe();
    expect(spec.intervals).toMatchObject([{ every: 15 * 60_000 }]);
    expect(policies.overlap).toBe('SKIP');
    await connection.close();
  });
});

async function firstTaskOf(run: string) {
  const { events } = await imprint.temporal.workflow.getHandle(run).fetchHistory();
  const task = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  if (!task?.eventId) throw new Error(`no workflow task of ${run} is completed`);
  return { workflowTaskFinishEventId: task.eventId };
}

async function statement(sql: string, values: readonly unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: imprint.databaseUrl });
  await client.connect();
  await client.query(sql, [...values]);
  await client.end();
}
