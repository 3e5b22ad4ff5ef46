import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, vi, type ExpectStatic } from 'vitest';
import type { RunHandle } from '../../src/client.ts';
import { UnavailableError } from '../../src/domain/errors.ts';
import { runKey } from '../../src/library/paths.ts';
import { captureFreshNode } from '../support/captured-image.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { lives } from '../support/lives.ts';
import { startRealJob } from '../support/real-job.ts';
import { failureOf, jobOf, patience, untilCopied, violationsOn } from '../support/runs.ts';
import { createTampering, type CallPoint, type HeldCall, type Tampering } from '../support/tampering.ts';

/** A load takes no time; a capture whose copy is limited to this rate is not waited for by any test. */
const fast = { copyBytesPerSecond: 1024 ** 4 };
const slowly = { copyRateBytes: 1024 ** 2 };

vi.setConfig({ maxConcurrency: 8 });

describe.concurrent('a run that was terminated in Temporal', () => {
  let imprint: TestImprint;
  let tampering: Tampering;

  withImprint(async (started) => {
    imprint = started;
    tampering = createTampering();
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    await captureFreshNode(imprint, 'base', fast);
  });

  const capture = async (node: string, image = imprint.fresh('image'), more = {}): Promise<RunHandle<unknown>> =>
    await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem, ...more });
  const load = async (node: string): Promise<RunHandle<unknown>> =>
    await imprint.client.startLoad({ node, image: 'base' });
  const terminate = async ({ id }: RunHandle<unknown>): Promise<unknown> =>
    await imprint.temporal.workflow.getHandle(id).terminate('by a test');
  const ownerOf = async (node: string): Promise<string | undefined> => (await imprint.catalog.claims.find(node))?.owner;
  const takeover = async (run: RunHandle<unknown>) =>
    (await imprint.catalog.runs.steps(run.id)).find(({ number }) => number === '1.1');

  /** A capture that is terminated in the middle of its copy, with a process at work. */
  const cutWhileCopying = async () => {
    const node = await imprint.addNode(fast);
    const image = imprint.fresh('image');
    const run = await capture(node, image, slowly);
    await untilCopied(imprint, node, 0);
    const pid = await startRealJob(imprint, run.id, node);
    await terminate(run);
    return { node, image, run, pid };
  };

  /** A run of the node that is terminated at this call, which then goes on as a call does that was only slow. */
  const cutAt = async (
    node: string,
    start: () => Promise<RunHandle<unknown>>,
    point: Omit<CallPoint, 'node'>,
  ): Promise<{ readonly run: RunHandle<unknown>; readonly held: HeldCall }> => {
    const held = tampering.hold({ ...point, node });
    const run = await start();
    await held.reached;
    await terminate(run);
    return { run, held };
  };

  const expectTakenOver = async (expect: ExpectStatic, from: RunHandle<unknown>, by: RunHandle<unknown>) => {
    expect(await takeover(by)).toMatchObject({ state: 'done', evidence: { takenFrom: from.id } });
    expect(await from.describe()).toMatchObject({ state: 'terminated' });
  };

  it('is proved dead by the next claim, which then gets the node', async ({ expect }) => {
    const { node, image, run, pid } = await cutWhileCopying();
    expect(lives(pid)).toBe(true);
    const next = await load(node);
    await next.result();
    expect(lives(pid)).toBe(false);
    await expectTakenOver(expect, run, next);
    const left = await leftoversOf(imprint, run.id, image);
    expect(left).toMatchObject({ revisions: 'no image', staging: [], published: [], state: 'available' });
    // The record that refuses late attempts outlives the job.
    expect(left.jobs).toEqual(['real.fence', 'real.lock']);
    expect(left).toMatchObject({ owner: undefined, disksOf: next.id });
    // What had been sealed may be the only copy of somebody's work.
    const machine = await imprint.world.machine(await imprint.catalog.computers.get(node));
    expect(machine.setAside).toHaveLength(1);
    expect(await violationsOn(imprint, node)).toEqual([]);
  });

  it('keeps its node as long as it is not proved dead', async ({ expect }) => {
    const { node, run, pid } = await cutWhileCopying();
    const unreachable = { node, activity: 'takeOver', call: 'library.shell.run', when: 'before' } as const;
    tampering.fail(unreachable, { error: new UnavailableError('the host does not answer'), times: 4 });
    const next = await load(node);
    await vi.waitFor(async () => {
      const { raw } = await imprint.temporal.workflow.getHandle(next.id).describe();
      const said = raw.pendingActivities?.[0]?.lastFailure;
      expect(said?.message).toContain(`node ${node} was left by run ${run.id}, which is over`);
      expect(said?.cause?.message).toContain('the host does not answer');
    }, patience);
    expect(await ownerOf(node)).toBe(run.id);
    expect(lives(pid)).toBe(true);
    await next.result();
    expect(lives(pid)).toBe(false);
    expect(await ownerOf(node)).toBeUndefined();
  });

  it('refuses a capture of what it has left half done, until an operator gives the node free', async ({ expect }) => {
    const { node, image, run, pid } = await cutWhileCopying();
    const other = await imprint.addNode(fast);
    const refused = await failureOf(await capture(node));
    const release = `imprint nodes release ${node}`;
    expect(refused).toMatchObject({ reason: 'ConflictError', message: expect.stringContaining(release) });
    expect((await imprint.client.planCapture({ node, image })).check.problems).toMatchObject([
      {
        where: 'node',
        problem: expect.stringMatching(new RegExp(`half done by run ${run.id}, which is over.*${release}`)),
      },
    ]);
    // The revision that it has reserved is in the way of captures from other nodes, too.
    const { message } = await failureOf(await capture(other, image));
    expect(message).toContain(`${image}@1 is still reserved by run ${run.id}, which is over`);
    expect(message).toContain(release);
    expect(await ownerOf(node)).toBe(run.id);
    expect(lives(pid)).toBe(true);

    const answer = await imprint.client.releaseNode({ node, by: 'operator', reason: 'looked at it' });
    if (answer.done !== 'started') throw new Error('the other run was not proved dead');
    await answer.run.result();
    expect(lives(pid)).toBe(false);
    await expectTakenOver(expect, run, answer.run);
    expect((await imprint.catalog.computers.get(node)).state).toBe('available');
    expect(await imprint.catalog.nodeReleases.list(node)).toMatchObject([
      { by: 'operator', reason: 'looked at it', fromState: 'maintenance', takenFrom: run.id },
    ]);
    expect(await (await capture(other, image)).result()).toMatchObject({ image, revision: 1 });
  });

  it('in the middle of a load has its load taken back, and the next one begins anew', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const point = {
      activity: 'carryOutLoadStep',
      call: 'provisioner().loading.steps.fill.act',
      when: 'after',
    } as const;
    const { run, held } = await cutAt(node, async () => await load(node), point);
    const next = await load(node);
    await next.result();
    held.release();
    await expectTakenOver(expect, run, next);
    expect((await takeover(next))?.evidence).toMatchObject({
      left: 'maintenance',
      what: expect.arrayContaining([expect.stringMatching(/^taken back: Fill vda/), expect.stringMatching(/aside$/)]),
    });
    const { loaded, setAside } = await imprint.world.machine(await imprint.catalog.computers.get(node));
    expect(loaded?.run).toBe(next.id);
    // The system that was on the node before both.
    expect(setAside.map(({ run: by }) => by)).toEqual([undefined]);
  });

  it('that had not recorded yet what is READY on its node has that recorded', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const recordLoaded = 'catalog.computers.recordLoaded';
    const point = { activity: 'recordLoadedFromLibrary', call: recordLoaded, when: 'before' } as const;
    const { run, held } = await cutAt(node, async () => await load(node), point);
    const next = await imprint.client.power({ node, action: 'on' });
    await next.result();
    held.release();
    await expectTakenOver(expect, run, next);
    const { currentRevisionId } = await imprint.catalog.computers.get(node);
    expect(currentRevisionId).toBe((await imprint.catalog.revisions.resolve({ image: 'base' })).id);
    // Otherwise nothing would keep the files from being deleted that the node runs from.
    expect(await imprint.catalog.revisionUses.list(currentRevisionId ?? 0)).toContainEqual({
      kind: 'loaded',
      name: node,
    });
  });

  it('and that never touched a node in use leaves it in use, whoever gives it free', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    await imprint.catalog.computers.changeState(node, ['available'], 'inuse');
    const point = { activity: 'checkCapture', call: 'provisioner().capturing.check', when: 'before' } as const;
    const { run, held } = await cutAt(node, async () => await capture(node), point);
    const answer = await imprint.client.releaseNode({ node });
    if (answer.done !== 'started') throw new Error('the other run was not proved dead');
    await answer.run.result();
    held.release();
    await expectTakenOver(expect, run, answer.run);
    expect(await answer.run.describe()).toMatchObject({ state: 'completed', outcome: `${node} is inuse` });
    expect((await imprint.catalog.computers.get(node)).state).toBe('inuse');
    expect(await ownerOf(node)).toBeUndefined();
  });

  it('before it touched the node leaves it as it was, also for a capture', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const point = { activity: 'checkCapture', call: 'provisioner().capturing.check', when: 'before' } as const;
    const { run, held } = await cutAt(node, async () => await capture(node), point);
    const image = imprint.fresh('image');
    const preview = await imprint.client.planCapture({ node, image, operatingSystem: simulatedSystem });
    expect(preview).toMatchObject({ takesOverFrom: run.id, check: { problems: [] } });
    expect(await ownerOf(node)).toBe(run.id);
    const next = await capture(node, image);
    held.release();
    await next.result();
    await expectTakenOver(expect, run, next);
    expect((await takeover(next))?.evidence).toMatchObject({ left: 'previous' });
  });

  it('whose copy was complete leaves it where nothing removes it', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const image = imprint.fresh('image');
    const point = { activity: 'checkSeal', call: 'operatingSystem().sealChecks', when: 'before' } as const;
    const { run, held } = await cutAt(node, async () => await capture(node, image), point);
    const next = await load(node);
    await next.result();
    held.release();
    await expectTakenOver(expect, run, next);
    const kept = join(imprint.library, '.kept', runKey(run.id));
    expect((await takeover(next))?.evidence?.['what']).toContainEqual(expect.stringContaining(kept));
    expect(await readdir(kept)).toContain('vda.simulated');
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({ revisions: 'no image', staging: [] });
  });

  it('beyond the point of no return has its revision made available', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const image = imprint.fresh('image');
    const point = { activity: 'publishRevision', call: 'catalog.revisions.publish', when: 'before' } as const;
    const { run, held } = await cutAt(node, async () => await capture(node, image), point);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({ revisions: ['capturing'] });
    const next = await load(node);
    await next.result();
    held.release();
    await expectTakenOver(expect, run, next);
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
      revisions: ['available'],
      published: [`${image}-v1`],
    });
  });

  it('gives its node to one of two that ask for it at once', async ({ expect }) => {
    const { node, run, pid } = await cutWhileCopying();
    const runs = await Promise.all([load(node), load(node)]);
    const ends = await Promise.allSettled(runs.map(async (one) => await one.result()));
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const { reason } = ends.find((one) => one.status === 'rejected') as PromiseRejectedResult;
    expect(reason).toMatchObject({ reason: 'ConflictError' });
    expect(lives(pid)).toBe(false);
    expect(await ownerOf(node)).toBeUndefined();
    expect((await run.describe()).state).toBe('terminated');
    expect((await jobOf(imprint, node))?.ended).toBe(true);
  });

  it('that Temporal has forgotten altogether is taken over the same way', async ({ expect }) => {
    const { node, run, pid } = await cutWhileCopying();
    const { namespace } = imprint.server;
    const workflowExecution = { workflowId: run.id };
    await imprint.temporal.workflowService.deleteWorkflowExecution({ namespace, workflowExecution });
    await vi.waitFor(async () => {
      await expect(imprint.temporal.workflow.getHandle(run.id).describe()).rejects.toThrow();
    }, patience);
    await (await load(node)).result();
    expect(lives(pid)).toBe(false);
    expect(await ownerOf(node)).toBeUndefined();
  });

  it('does not help anybody to a node whose run goes on', async ({ expect }) => {
    const node = await imprint.addNode(fast);
    const run = await capture(node, imprint.fresh('image'), slowly);
    await untilCopied(imprint, node, 0);
    await expect(load(node)).rejects.toMatchObject({ name: 'ConflictError', evidence: { owner: run.id } });
    await expect(imprint.client.releaseNode({ node })).rejects.toMatchObject({ evidence: { owner: run.id } });
    const preview = await imprint.client.planCapture({ node, image: 'base' });
    expect(preview.check.problems).toMatchObject([{ problem: expect.stringMatching(`^run ${run.id} owns it since `) }]);
    expect(preview).not.toHaveProperty('takesOverFrom');
    const direct = { workflowId: `loadNode/${node}/direct`, taskQueue: 'imprint', args: [{ node, image: 'base' }] };
    await expect(imprint.temporal.workflow.execute('loadNode', direct)).rejects.toThrow();
    expect(await ownerOf(node)).toBe(run.id);
    await run.cancel();
    await failureOf(run);
  });
});
