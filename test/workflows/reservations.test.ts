import { describe, it, vi } from 'vitest';
import { captureFreshNode } from '../support/captured-image.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { failureOf } from '../support/runs.ts';
import { createTampering, type Tampering } from '../support/tampering.ts';
import { currentDetails } from '../support/temporal-ui.ts';

vi.setConfig({ maxConcurrency: 16 });

const image = 'base';
const jane = { user: 'jane', from: '192.0.2.9', by: 'operator' } as const;

describe.concurrent('a node that is handed over', () => {
  let imprint: TestImprint;
  let tampering: Tampering;

  withImprint(async (started) => {
    tampering = createTampering();
    imprint = started;
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    await captureFreshNode(imprint, image);
  });

  const loaded = async (): Promise<string> => {
    const node = await imprint.addNode();
    await (await imprint.client.startLoad({ node, image })).result();
    return node;
  };
  const reserve = async (node: string, more: object = {}) =>
    await imprint.client.startReservation({ node, ...jane, ...more });
  const open = { activity: 'openAccess', call: 'operatingSystem().userAccess.open', when: 'after' } as const;

  it('is captured, loaded and unloaded by nobody, with or without the client, until it is taken back', async ({
    expect,
  }) => {
    const node = await loaded();
    await (await reserve(node)).result();
    const capture = { node, image: imprint.fresh('image'), operatingSystem: simulatedSystem };
    const refused = {
      name: 'ConflictError',
      message: `node ${node} is reserved for jane from 192.0.2.9; take it back first: imprint nodes reclaim ${node}`,
    };
    const before = (await imprint.catalog.runs.list({ node, limit: 100 })).length;
    await expect(imprint.client.startCapture(capture)).rejects.toMatchObject(refused);
    await expect(imprint.client.startLoad({ node, image })).rejects.toMatchObject(refused);
    await expect(imprint.client.startUnload(node)).rejects.toMatchObject(refused);
    expect(await imprint.catalog.runs.list({ node, limit: 100 })).toHaveLength(before);
    for (const [workflow, input] of [
      ['captureImage', { ...capture, onFailure: 'unwind' }],
      ['loadNode', { node, image, onFailure: 'unwind' }],
      ['unloadNode', { node }],
    ] as const) {
      const workflowId = `${workflow}/${node}/direct`;
      await imprint.temporal.workflow.start(workflow, { workflowId, taskQueue: 'imprint', args: [input] });
      const failure = await failureOf(imprint.client.run(workflowId));
      expect(failure).toMatchObject({ reason: 'ConflictError' });
      expect(failure.message).toContain(refused.message);
    }
    await (await imprint.client.startReclaim({ node })).result();
    await (await imprint.client.startCapture(capture)).result();
  });

  it('is given another address for the same user; where that fails the former one is let in again', async ({
    expect,
  }) => {
    const node = await loaded();
    const first = await reserve(node);
    await first.result();
    tampering.fail({ ...open, node }, { times: 1 });
    const second = await reserve(node, { from: '198.51.100.0/24' });
    expect(await failureOf(second)).toMatchObject({ reason: 'ConflictError' });
    expect(await leftoversOf(imprint, second.id, image)).toMatchObject({ state: 'inuse', letIn: '22 jane 192.0.2.9' });
    expect(await imprint.catalog.nodeReservations.find(node)).toMatchObject({ run: first.id });

    const third = await reserve(node, { from: '198.51.100.0/24' });
    await third.result();
    expect(await leftoversOf(imprint, third.id, image)).toMatchObject({ letIn: '22 jane 198.51.100.0/24' });
  });

  it('is closed again by the next run where the run that opened it was terminated', async ({ expect }) => {
    const node = await loaded();
    const held = tampering.hold({ ...open, node });
    const run = await reserve(node);
    await held.reached;
    await imprint.temporal.workflow.getHandle(run.id).terminate('by the test');
    held.release();
    const next = await imprint.client.power({ node, action: 'on' });
    await next.result();
    const left = await leftoversOf(imprint, next.id, image);
    expect(left).toMatchObject({ state: 'available', owner: undefined, reservedFor: undefined, letIn: '22' });
  });

  it('is not taken back at the end of a reservation that was replaced, and at that of the one that holds', async ({
    expect,
  }) => {
    const node = await loaded();
    const until = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
    const options = (requestKey: string) => ({ requestKey });
    const ending = async (seconds: number, key: string) =>
      await (await imprint.client.startReservation({ node, ...jane, until: until(seconds) }, options(key))).result();
    const endOf = async (key: string): Promise<void> => {
      await imprint.temporal.workflow.getHandle(`reclaimNode/${node}/end-${key}`).result();
    };
    await ending(12, 'first');
    await ending(25, 'second');
    await endOf('first');
    expect(await imprint.catalog.computers.get(node)).toMatchObject({ state: 'inuse' });
    await endOf('second');
    expect(await imprint.catalog.computers.get(node)).toMatchObject({ state: 'available' });
    expect(await imprint.catalog.nodeReservations.find(node)).toBeUndefined();
  });

  it('is given up where an operator says that its machine is gone, and handed over again only after a load', async ({
    expect,
  }) => {
    const node = await loaded();
    await (await reserve(node)).result();
    const gone = { node, by: 'operator', machineIsGone: 'its mainboard burnt' };
    const run = await imprint.client.startReclaim(gone);
    await run.result();
    // What was not done, and why; the machine itself still lets her in, should it come back.
    expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
      ...{ state: 'maintenance', owner: undefined, loaded: undefined, reservedFor: undefined },
      letIn: '22 jane 192.0.2.9',
    });
    const steps = await imprint.catalog.runs.steps(run.id);
    expect(steps.map(({ number }) => number)).toEqual(['1', '3', '4']);
    const said = { machineIsGone: gone.machineIsGone, by: 'operator', user: 'jane', from: jane.from };
    expect(steps.find(({ number }) => number === '3')?.evidence).toMatchObject(said);
    const why = 'operator says that the machine is gone: its mainboard burnt';
    expect(await currentDetails(imprint.temporal.workflow.getHandle(run.id))).toMatch(
      new RegExp(`skipped:.* 2 Let jane out.*${why}`),
    );
    expect((await imprint.catalog.runs.get(run.id)).outcome).toContain(why);

    const bob = { user: 'bob', from: '198.51.100.7' };
    expect((await failureOf(await reserve(node, bob))).message).toContain(`node ${node} is maintenance`);
    await imprint.client.releaseNode({ node, by: 'operator', reason: 'it was repaired' });
    expect((await failureOf(await reserve(node, bob))).message).toMatch(/; load it first/);
    await (await imprint.client.startLoad({ node, image })).result();
    const next = await reserve(node, bob);
    await next.result();
    expect(await leftoversOf(imprint, next.id, image)).toMatchObject({ letIn: '22 bob 198.51.100.7' });
  });

  it('is given up only with a reason, and where it is reserved', async ({ expect }) => {
    const node = await loaded();
    await expect(imprint.client.startReclaim({ node, machineIsGone: ' ' })).rejects.toMatchObject({
      name: 'InvalidInputError',
      message: 'machineIsGone: say why the machine is gone for good',
    });
    const run = await imprint.client.startReclaim({ node, machineIsGone: 'it burnt' });
    await run.result();
    const { state, currentRevisionId } = await imprint.catalog.computers.get(node);
    expect([state, currentRevisionId === undefined]).toEqual(['available', false]);

    // Then it can be forgotten, too.
    await (await reserve(node)).result();
    await expect(imprint.catalog.computers.remove(node)).rejects.toThrow(/is reserved for jane/);
    await (await imprint.client.startReclaim({ node, machineIsGone: 'it burnt' })).result();
    await imprint.catalog.computers.remove(node);
  });

  it('must be available, READY and of a system that hands nodes over; and its time must be to come', async ({
    expect,
  }) => {
    const node = await loaded();
    await imprint.catalog.computers.changeState(node, ['available'], 'maintenance');
    expect((await failureOf(await reserve(node))).message).toContain(`node ${node} is maintenance`);
    expect((await failureOf(await reserve(await imprint.addNode()))).message).toMatch(/ is RELOAD: .*; load it first/);
    const late = await reserve(await loaded(), { until: '2020-01-01T00:00:00Z' });
    expect(await failureOf(late)).toMatchObject({ reason: 'InvalidInputError' });
    const nobody = await imprint.client.startReclaim({ node });
    await nobody.result();
    expect(await imprint.catalog.computers.get(node)).toMatchObject({ state: 'maintenance' });
  });
});
