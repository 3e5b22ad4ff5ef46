import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { formatSimulatedDisk } from '../../src/domain/simulated-disk.ts';
import { captureFreshNode } from '../support/captured-image.ts';
import { copyLasting } from '../support/copies.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { jobOf, patience, timesOf, violationsOn } from '../support/runs.ts';
import { sha256Of } from '../support/sha256.ts';
import {
  addSharedNode,
  copyToSecondLibrary,
  firstNode,
  makeAway,
  secondLibrary,
  secondNode,
  startSecondWorker,
} from '../support/two-management-nodes.ts';
import type { WorkerProcess } from '../support/worker-process.ts';

const word = { to: secondNode, by: 'alice', reason: 'its power supply burnt' };

/** Two real workers of two management nodes, of which the first is killed in the middle. */
describe('a run whose management node is gone', () => {
  let imprint: TestImprint;
  let first: WorkerProcess;

  withImprint(async (started) => {
    imprint = started;
    [first] = await Promise.all([imprint.startWorker(), startSecondWorker(imprint, { IMPRINT_MOVE_MINUTES: '2' })]);
    await captureFreshNode(imprint, 'base');
    await copyToSecondLibrary(imprint, 'base');
  });

  const stepOf = async (run: string, number: string) =>
    (await imprint.catalog.runs.steps(run)).find((step) => step.number === number);
  const driverOf = async (node: string) => (await imprint.catalog.claims.find(node))?.managementNode;

  it('goes on with the other one by itself while it has not touched its node; one that no other reaches, and one that has, wait', async () => {
    const { catalog, client } = imprint;
    await catalog.slots.setCapacity(`management-node/${firstNode}`, 0);
    const [terminated, shared, alone, copied] = [
      await addSharedNode(imprint),
      await addSharedNode(imprint),
      await imprint.addNode(),
      await addSharedNode(imprint, copyLasting(60)),
    ];
    const over = await client.startLoad({ node: terminated, image: 'base' });
    const load = await client.startLoad({ node: shared, image: 'base' });
    const control = await client.startLoad({ node: alone, image: 'base' });
    const capture = await client.startCapture({ node: copied, image: 'long', operatingSystem: simulatedSystem });
    for (const run of [over, load, control]) {
      await vi.waitFor(async () => expect(await stepOf(run.id, '2.1')).toMatchObject({ state: 'running' }), patience);
    }
    await vi.waitFor(async () => expect(await jobOf(imprint, copied)).toMatchObject({ ended: false }), patience);
    await expect(client.run(capture.id).move(word)).rejects.toThrow(/a run leaves only one that is away/);

    // A run that is over keeps its claim, and comes before the others: it must not keep them where nobody drives them.
    await imprint.temporal.workflow.getHandle(over.id).terminate();
    await first.kill();
    await makeAway(imprint, firstNode, 5);
    await load.result();
    expect(await stepOf(load.id, '1.2')).toMatchObject({
      title: `Go on with ${secondNode} in place of ${firstNode}`,
      state: 'done',
      evidence: { from: firstNode, to: secondNode, reason: expect.stringContaining(`${firstNode} is away for`) },
    });
    expect(await stepOf(load.id, '3')).toMatchObject({ evidence: { copy: join(secondLibrary(imprint), 'base-v1') } });
    expect(await timesOf(imprint, shared, 'fill-vda')).toBe(1);
    expect(await violationsOn(imprint, shared)).toEqual([]);

    // The control, and a capture in its copy: no operator has said anything.
    expect(await driverOf(alone)).toBe(firstNode);
    expect(await driverOf(terminated)).toBe(firstNode);
    expect(await driverOf(copied)).toBe(firstNode);

    // The word of an operator, which is refused where it could not be kept.
    await expect(client.run(capture.id).move({ ...word, to: 'mn-z' })).rejects.toThrow(/mn-z does not reach/);
    await expect(client.run(control.id).move(word)).rejects.toThrow(/does not reach/);
    await client.run(capture.id).move(word);
    await vi.waitFor(async () => expect(await driverOf(copied)).toBe(secondNode), patience);

    // The first one comes back: nothing of the capture is its any more.
    await catalog.slots.setCapacity(`management-node/${firstNode}`, 10);
    first = await imprint.startWorker();
    await control.result();
    await capture.result();
    expect(await stepOf(capture.id, '1.2')).toMatchObject({
      evidence: { by: 'alice', reason: word.reason, leftBehind: expect.stringContaining(`in library ${firstNode}`) },
    });
    for (const act of ['preCapture', 'seal']) expect([act, await timesOf(imprint, copied, act)]).toEqual([act, 1]);
    expect(await violationsOn(imprint, copied)).toEqual([]);
    const [revision] = await catalog.revisions.list('long');
    expect(await catalog.copies.list(revision?.id ?? 0)).toMatchObject([{ library: secondNode }]);
    const machine = await imprint.world.machine(await catalog.computers.get(copied));
    const [disk] = revision?.manifest?.disks ?? [];
    const file = join(secondLibrary(imprint), 'long-v1', disk?.file ?? '');
    expect(await readFile(file, 'utf8')).toBe(machine.loaded?.disks[0] && formatSimulatedDisk(machine.loaded.disks[0]));
    expect(disk?.sha256).toBe(await sha256Of(file));

    // What it has left is found once it is over.
    const { findings } = await client.audit({ purpose: 'report' });
    expect(findings).toContainEqual(
      expect.objectContaining({
        kind: 'staging',
        where: `library ${firstNode}`,
        why: expect.stringContaining(capture.id),
      }),
    );
  }, 300_000);

  it('goes on with the other one from where it waits for an operator, whose word ends the hold', async () => {
    const { catalog, client } = imprint;
    const node = await addSharedNode(imprint, copyLasting(20));
    const capture = await client.startCapture({ node, image: 'held', operatingSystem: simulatedSystem });
    await vi.waitFor(async () => expect(await jobOf(imprint, node)).toMatchObject({ ended: false }), patience);
    await capture.pause({ by: 'alice' });
    await vi.waitFor(
      async () => expect(await catalog.holds.find(capture.id)).toMatchObject({ kind: 'paused' }),
      patience,
    );
    await first.kill();
    await makeAway(imprint, firstNode, 5);

    await capture.move(word);
    await capture.result();
    const [hold] = await catalog.holds.of(capture.id);
    expect(hold?.answer).toMatchObject({ answer: 'move', by: 'alice', reason: word.reason });
    expect(await violationsOn(imprint, node)).toEqual([]);
    expect(await catalog.copies.list((await catalog.revisions.list('held'))[0]?.id ?? 0)).toMatchObject([
      { library: secondNode },
    ]);
    await expect(capture.move(word)).rejects.toThrow(/is over/);
  }, 200_000);
});
