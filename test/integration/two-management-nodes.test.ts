import { describe, expect, it, vi } from 'vitest';
import { captureFreshNode } from '../support/captured-image.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { patience, violationsOn } from '../support/runs.ts';
import {
  addSharedNode,
  copyToSecondLibrary,
  firstNode,
  makeAway,
  secondNode,
  startSecondWorker,
} from '../support/two-management-nodes.ts';
import type { WorkerProcess } from '../support/worker-process.ts';

/** Two management nodes with a library each, over the same machines: real worker processes. */
describe('a run on a node that two management nodes reach', () => {
  let imprint: TestImprint;
  let first: WorkerProcess;

  withImprint(async (started) => {
    imprint = started;
    [first] = await Promise.all([imprint.startWorker(), startSecondWorker(imprint)]);
    await captureFreshNode(imprint, 'in-the-first');
    await captureFreshNode(imprint, 'in-both');
    await copyToSecondLibrary(imprint, 'in-both');
  });

  const claimOf = async (run: string) => (await imprint.catalog.runs.steps(run)).find(({ number }) => number === '1');

  it('is driven by its first choice while that is there, and says so', async () => {
    const run = await imprint.client.startLoad({ node: await addSharedNode(imprint), image: 'in-both' });
    await run.result();
    expect((await claimOf(run.id))?.evidence).toMatchObject({
      managementNode: firstNode,
      because: `${firstNode} is here, and its library has in-both-v1`,
    });
  });

  it('is driven by the other one where only its library has what is loaded', async () => {
    const node = await imprint.addNode();
    await imprint.catalog.computers.edit(node, () => ({ managementNode: secondNode, alsoReachedBy: [firstNode] }));
    const run = await imprint.client.startLoad({ node, image: 'in-the-first' });
    await run.result();
    expect((await claimOf(run.id))?.evidence).toMatchObject({
      managementNode: firstNode,
      because: `the library of ${secondNode} has no in-the-first-v1; ${firstNode} is here, and its library has in-the-first-v1`,
    });
  });

  it('is driven by the other one while its first choice is away, and all of it agrees who drives it', async () => {
    const { catalog, client } = imprint;
    const [loaded, captured, alone] = [
      await addSharedNode(imprint),
      await addSharedNode(imprint),
      await imprint.addNode(),
    ];
    await first.kill();
    await makeAway(imprint, firstNode, 5);

    const load = await client.startLoad({ node: loaded, image: 'in-both' });
    const capture = await client.startCapture({ node: captured, image: 'anew', operatingSystem: simulatedSystem });
    await Promise.all([load.result(), capture.result()]);
    for (const run of [load.id, capture.id]) {
      expect((await claimOf(run))?.evidence).toMatchObject({
        managementNode: secondNode,
        because: expect.stringContaining(`${firstNode} is away for 3`),
      });
    }
    expect(await catalog.copies.list((await catalog.revisions.list('anew'))[0]?.id ?? 0)).toMatchObject([
      { library: secondNode },
    ]);
    expect(await violationsOn(imprint, loaded)).toEqual([]);
    expect((await client.nodeStatus(loaded)).status).toBe('READY');
    await (await client.power({ node: loaded, action: 'off' })).result();

    // Control: a node that the other one does not reach, and an image that the other one does not have, wait for the first choice.
    const waiting = [
      await client.startLoad({ node: alone, image: 'in-both' }),
      await client.startLoad({ node: loaded, image: 'in-the-first' }),
    ];
    for (const run of waiting) {
      await vi.waitFor(async () => expect(await untakenOf(run)).toMatchObject({ managementNode: firstNode }), patience);
    }
    first = await imprint.startWorker();
    await Promise.all(waiting.map(async (run) => await run.result()));
  });
});

/** Whom the run waits for. */
async function untakenOf(run: { watch(): AsyncIterable<{ readonly activity?: { readonly untaken?: unknown } }> }) {
  for await (const { activity } of run.watch()) return activity?.untaken;
  return undefined;
}
