import { setTimeout as delay } from 'node:timers/promises';
import { describe, it, vi } from 'vitest';
import type { FleetProgress } from '../../src/client.ts';
import { captureFreshNode } from '../support/captured-image.ts';
import type { TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { patience, untilCancelWasSeen } from '../support/runs.ts';
import { createTampering, type Tampering } from '../support/tampering.ts';

describe.concurrent('a load of many nodes', () => {
  let imprint: TestImprint;
  let tampering: Tampering;

  withImprint(async (started) => {
    imprint = started;
    tampering = createTampering();
    // Only the slots of pretended hosts count here.
    for (const resource of ['management-node/mn-test', 'library/mn-test']) {
      await imprint.catalog.slots.setCapacity(resource, 1_000);
    }
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    await captureFreshNode(imprint, image);
  });
  const image = 'classroom';

  /** Nodes of one pretended host, which has so many slots. */
  const nodesOn = async (
    slots: number,
    count: number,
  ): Promise<{ host: string; resource: string; nodes: string[] }> => {
    const host = imprint.fresh('kvm');
    const resource = `host/${host}`;
    await imprint.catalog.slots.setCapacity(resource, slots);
    const nodes = await Promise.all(Array.from({ length: count }, async () => await imprint.addNode({ host })));
    return { host, resource, nodes };
  };
  const slotsOf = async (resource: string) =>
    (await imprint.catalog.slots.list()).find((one) => one.resource === resource) ?? { holders: [], queue: [] };
  /** The most that had a slot at the same time, until `until` is settled. */
  const mostAtOnce = async (resource: string, until: Promise<unknown>): Promise<number> => {
    let most = 0;
    let over = false;
    void until.catch(() => undefined).then(() => (over = true));
    while (!over) {
      most = Math.max(most, (await slotsOf(resource)).holders.length);
      await delay(20);
    }
    return most;
  };

  it('never has more slots than there are, and one node that fails disturbs no other', async ({ expect }) => {
    const { resource, nodes } = await nodesOn(3, 12);
    const failing = nodes[4] ?? '';
    await imprint.world.inject({ node: failing, at: 'fill-vda', kind: 'refuse' });
    const fleet = await imprint.client.startLoads({ nodes, image });
    const done = fleet.result();
    const [summary, most] = await Promise.all([done, mostAtOnce(resource, done)]);

    // How many are seen to overlap is the machine's; that more would be seen is shown by the next test.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
    expect(await slotsOf(resource)).toMatchObject({ holders: [], queue: [] });
    expect(summary).toMatchObject({ image, revision: 1 });
    expect(summary.members.map(({ node }) => node)).toEqual(nodes);
    expect(summary.members.filter(({ state }) => state !== 'loaded')).toMatchObject([
      { node: failing, state: 'failed', outcome: expect.stringContaining('fill-vda') },
    ]);
    for (const node of nodes.filter((one) => one !== failing)) {
      expect(await imprint.client.nodeStatus(node)).toMatchObject({ status: 'READY', currentimage: `${image}-v1` });
    }
    expect(await fleet.describe()).toMatchObject({
      state: 'failed',
      outcome: `11 of 12 nodes are READY with ${image}-v1; failed: ${failing}`,
    });
    const steps = await imprint.catalog.runs.steps(fleet.id);
    expect(steps.map(({ number, state }) => `${number} ${state}`)).toEqual(['1 done', '3 done']);
  }, 600_000);

  it('would be seen to begin more at once: with more slots and without a limit they overlap', async ({ expect }) => {
    const { resource, nodes } = await nodesOn(10, 5);
    const held = nodes.map((node) =>
      tampering.hold({ node, activity: 'preReload', call: 'provisioner().power.read', when: 'before' }),
    );
    const fleet = await imprint.client.startLoads({ nodes, image });
    await Promise.all(held.map(async ({ reached }) => await reached));
    expect((await slotsOf(resource)).holders).toHaveLength(5);
    for (const one of held) one.release();
    await fleet.result();
  });

  it('gives the slots of a run that was terminated to the next, and drops one that was terminated in the queue', async ({
    expect,
  }) => {
    const { resource, nodes } = await nodesOn(1, 3);
    const [holder = '', waiter = '', last = ''] = nodes;
    const held = tampering.hold({
      node: holder,
      activity: 'preReload',
      call: 'provisioner().power.read',
      when: 'before',
    });
    const first = await imprint.client.startLoad({ node: holder, image });
    await held.reached;
    const runs = [];
    for (const node of [waiter, last]) {
      const run = await imprint.client.startLoad({ node, image });
      await vi.waitFor(
        async () => expect((await slotsOf(resource)).queue.map((one) => one.run)).toContain(run.id),
        patience,
      );
      runs.push(run);
    }
    const terminate = async (id: string) => await imprint.temporal.workflow.getHandle(id).terminate('by the test');
    await terminate(runs[0]?.id ?? '');
    // An open run keeps its slot, however long the others wait.
    expect((await slotsOf(resource)).holders.map(({ run }) => run)).toEqual([first.id]);
    await terminate(first.id);
    await runs[1]?.result();
    held.release();
    expect(await slotsOf(resource)).toMatchObject({ holders: [], queue: [] });
  });

  it('shows whoever watches it, or one of its runs, where each node stands in the queue', async ({ expect }) => {
    const { resource, nodes } = await nodesOn(1, 3);
    const [holder = '', ...waiting] = nodes;
    const call = 'provisioner().power.read';
    const held = tampering.hold({ node: holder, activity: 'preReload', call, when: 'before' });
    const first = await imprint.client.startLoad({ node: holder, image });
    await held.reached;
    const fleet = await imprint.client.startLoads({ nodes: waiting, image });
    const place = (position: number) => ({ queue: { run: expect.any(String), resource, position, slots: 1 } });
    const positionsOf = ({ nodes: all }: FleetProgress) => all.map(({ queue }) => queue?.position ?? 0).sort();
    const queued = await seen(fleet.watch(), (progress) => String(positionsOf(progress)) === '1,2');
    const next = queued.nodes.find(({ queue }) => queue?.position === 1);
    const watchNext = () => fleet.members.find(({ node }) => node === next?.node)?.run.watch();

    expect(queued).toMatchObject({ status: 'RUNNING', run: { id: fleet.id, state: 'running' } });
    expect(queued.nodes.map(({ node }) => node)).toEqual(waiting);
    expect(next).toMatchObject({ state: 'running', step: { number: '2.1' }, ...place(1) });
    expect(await seen(watchNext(), ({ queue }) => queue !== undefined)).toMatchObject({
      status: 'RUNNING',
      ...place(1),
    });

    held.release();
    const last = await seen(fleet.watch(), ({ status }) => status !== 'RUNNING');
    await first.result();
    expect(last).toMatchObject({ status: 'COMPLETED', run: { state: 'completed' } });
    expect(last.nodes).toMatchObject(waiting.map((node) => ({ node, state: 'completed' })));
    // Control: who has had its slots stands in no queue.
    expect(last.nodes.filter(({ queue }) => queue !== undefined)).toEqual([]);
    expect(await seen(watchNext(), ({ status }) => status === 'COMPLETED')).not.toHaveProperty('queue');
  });

  it('that is cancelled begins nothing more, and takes back what was under way', async ({ expect }) => {
    const { resource, nodes } = await nodesOn(4, 4);
    const [done = '', working = '', ...rest] = nodes;
    const held = tampering.hold({
      node: working,
      activity: 'preReload',
      call: 'provisioner().power.read',
      when: 'before',
    });
    const fleet = await imprint.client.startLoads({ nodes: [done, working, ...rest], image, parallel: 1 });
    await held.reached;
    await fleet.cancel();
    // The load under way has heard of it, too.
    await untilCancelWasSeen(imprint, fleet.members[1]?.run.id ?? '');
    held.release();
    const summary = await fleet.result();
    expect(summary.members.map(({ state }) => state)).toEqual(['loaded', 'cancelled', 'not begun', 'not begun']);
    expect(await fleet.describe()).toMatchObject({
      state: 'cancelled',
      outcome: expect.stringContaining('1 of 4 nodes'),
    });
    expect(await slotsOf(resource)).toMatchObject({ holders: [], queue: [] });
    for (const node of rest) expect(await imprint.catalog.runs.list({ node, limit: 1 })).toEqual([]);
  });

  it('is refused as a whole while anything that was asked for is wrong', async ({ expect }) => {
    const node = await imprint.addNode();
    const start = async (more: object) => await imprint.client.startLoads({ nodes: [node], image, ...more });
    await expect(start({ nodes: [node, 'no-1', 'no-2'] })).rejects.toMatchObject({
      name: 'NotFoundError',
      message: 'not in the catalog: nodes no-1, no-2',
    });
    await expect(start({ nodes: [node, node, '../x'], image: 'web-v3', parallel: 0 })).rejects.toMatchObject({
      name: 'InvalidInputError',
      message: expect.stringMatching(new RegExp(`node: .*node ${node} is listed more than once; image: .*parallel: `)),
    });
    await expect(start({ image: 'unknown' })).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(start({ nodes: [] })).rejects.toMatchObject({
      message: expect.stringContaining('nodes: expected 1 to 500'),
    });
    expect(await imprint.catalog.runs.list({ node, limit: 1 })).toEqual([]);
  });

  it('asked for twice with one key is one fleet', async ({ expect }) => {
    const nodes = [await imprint.addNode(), await imprint.addNode()];
    const start = async () => await imprint.client.startLoads({ nodes, image }, { requestKey: 'monday' });
    const [one, other] = await Promise.all([start(), start()]);
    expect(other.id).toBe(one.id);
    expect(one.members.map(({ run }) => run.id)).toEqual(nodes.map((node) => `loadNode/${node}/monday`));
    await one.result();
    const again = await imprint.client.fleet(one.id);
    expect(await again.result()).toMatchObject({ members: [{ state: 'loaded' }, { state: 'loaded' }] });
  });

  it('that finds a run of its own begun before, as one that was reset does, waits for that and disturbs no other', async ({
    expect,
  }) => {
    const [begun, other] = [await imprint.addNode(), await imprint.addNode()];
    const held = tampering.hold({
      node: begun,
      activity: 'preReload',
      call: 'provisioner().power.read',
      when: 'before',
    });
    const busy = tampering.hold({
      node: other,
      activity: 'preReload',
      call: 'provisioner().power.read',
      when: 'before',
    });
    const start = async (type: string, of: string, input: object) =>
      await imprint.temporal.workflow.start(type, {
        ...{ workflowId: `${type}/${of}/reset`, taskQueue: 'imprint', args: [input] },
      });
    const earlier = await start('loadNode', begun, { node: begun, image });
    await held.reached;
    const fleet = await start('loadFleet', image, { nodes: [begun, other], image });
    await busy.reached;
    await vi.waitFor(async () => {
      const { raw } = await fleet.describe();
      expect(raw.pendingActivities?.[0]?.activityType?.name).toBe('followRun');
    }, patience);
    await fleet.cancel();
    const ofOther = imprint.temporal.workflow.getHandle(`loadNode/${other}/reset`);
    await vi.waitFor(async () => {
      expect((await ofOther.describe()).raw.pendingActivities?.[0]?.state).toBe(3);
    }, patience);
    // It ends when what it has begun has ended, not before.
    expect((await fleet.describe()).status.name).toBe('RUNNING');
    busy.release();
    await expect(fleet.result()).rejects.toThrow();
    expect((await ofOther.describe()).status.name).toBe('CANCELLED');
    expect((await earlier.describe()).status.name).toBe('RUNNING');
    held.release();
    await earlier.result();
  });
});

/** The first moment of what is watched of which this is true; leaves then. */
async function seen<Moment>(
  watched: AsyncIterable<Moment> | undefined,
  isIt: (moment: Moment) => boolean,
): Promise<Moment> {
  for await (const moment of watched ?? []) if (isIt(moment)) return moment;
  throw new Error('what was watched ended before it was seen');
}
