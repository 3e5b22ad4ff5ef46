import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { captureFreshNode } from '../support/captured-image.ts';
import type { ThawedCall } from '../support/freezing.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { copyLasting } from '../support/copies.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { failureOf, jobOf, patience, timesOf, violationsOn } from '../support/runs.ts';
import { whyUnavailable } from '../support/unavailable.ts';
import { resume, type WorkerProcess } from '../support/worker-process.ts';

const rename = 'mv -T -- "$directory" "$target"';
const points = {
  copy: { activity: 'carryOutCaptureStep', call: 'provisioner().capturing.steps.copy.act' },
  publish: { activity: 'publishCopy', call: 'library.shell.run', holding: rename },
  powerOff: { activity: 'setPower', call: 'provisioner().power.askOff' },
  release: { activity: 'releaseNode', call: 'catalog.claims.release' },
} as const;
const unguarded = { unguarded: true } as const;

/** Real worker processes of one management node. */
describe('two workers of one management node', () => {
  let imprint: TestImprint;
  let stale: WorkerProcess;
  let fresh: WorkerProcess;

  withImprint(async (started) => {
    imprint = started;
  });

  const capture = async (node: string) =>
    await imprint.client.startCapture({ node, image: imprint.fresh('image'), operatingSystem: simulatedSystem });
  const powerOf = async (node: string): Promise<string> =>
    (await imprint.world.machine(await imprint.catalog.computers.get(node))).power;

  describe('of which one was stopped for longer than its lease in the middle of its acts, and goes on', () => {
    /** With each act, the node on which nothing guards it. */
    const nodes = { copy: '', copyControl: '', publish: '', publishControl: '', off: '', offControl: '', release: '' };
    const other = 'captureImage/other/run';

    beforeAll(async () => {
      if ((whyUnavailable('temporal') ?? whyUnavailable('postgres')) !== undefined) return;
      for (const name of ['copy', 'copyControl'] as const) nodes[name] = await imprint.addNode(copyLasting(600));
      for (const name of ['publish', 'publishControl', 'off', 'offControl', 'release'] as const) {
        nodes[name] = await imprint.addNode();
      }
      stale = await imprint.startFreezingWorker([
        { ...points.copy, node: nodes.copy },
        { ...points.copy, node: nodes.copyControl, ...unguarded },
        { ...points.publish, node: nodes.publish },
        { ...points.publish, node: nodes.publishControl, ...unguarded },
        { ...points.powerOff, node: nodes.off },
        { ...points.powerOff, node: nodes.offControl, ...unguarded },
        { ...points.release, node: nodes.release },
      ]);
      const copies = await Promise.all([capture(nodes.copy), capture(nodes.copyControl)]);
      const publications = await Promise.all([capture(nodes.publish), capture(nodes.publishControl)]);
      const turnOff = async (node: string) => await imprint.client.power({ node, action: 'off' });
      const offs = await Promise.all([nodes.off, nodes.offControl, nodes.release].map(turnOff));
      await vi.waitFor(async () => expect(await stateOf(stale)).toBe('T'), patience);

      fresh = await imprint.startWorker();
      await Promise.all([...publications, ...offs].map(async (run) => await run.result()));
      for (const node of [nodes.copy, nodes.copyControl]) {
        await vi.waitFor(async () => expect(await jobOf(imprint, node)).toMatchObject({ ended: false }), patience);
      }
      for (const run of copies) await run.cancel();
      for (const run of copies) await failureOf(run);
      const on = async (node: string) => await imprint.client.power({ node, action: 'on' });
      for (const run of await Promise.all([nodes.off, nodes.offControl].map(on))) await run.result();
      const claimant = { node: nodes.release, owner: other, execution: 'one', attempt: '1/1' };
      await imprint.catalog.claims.acquire(claimant, 'unchanged');

      resume(stale);
      // All but the copy that nothing guards: it goes on for minutes.
      await vi.waitFor(() => expect(thawedOf(stale)).toHaveLength(6), patience);
    }, 300_000);

    const outcomeOn = (node: string): string => thawedOf(stale).find(({ thawed }) => thawed === node)?.outcome ?? '';

    it('starts no copy that the other one has ended', async () => {
      expect(outcomeOn(nodes.copy)).toMatch(/refused: .*a later attempt of run .* has taken over/);
      expect(await timesOf(imprint, nodes.copy, 'copy-vda')).toBe(1);
      expect(await jobOf(imprint, nodes.copy)).toMatchObject({ ended: true });
    });

    it('would start it without the fence (control)', async () => {
      await vi.waitFor(async () => expect(await timesOf(imprint, nodes.copyControl, 'copy-vda')).toBe(2), patience);
    });

    it('does not come to the rename that publishes', () => {
      // The command refuses the epoch, unless the worker has seen before its answer that its lease is over.
      expect(outcomeOn(nodes.publish)).toMatch(
        /^answered .*"exitCode":4,|^refused: .*stopped for longer than its lease/,
      );
    });

    it('would come to it without the fence (control): there only the published directory is in its way', () => {
      expect(JSON.parse(outcomeOn(nodes.publishControl).replace('answered ', ''))).toMatchObject({ exitCode: 10 });
    });

    it('turns nothing off that was turned on since', async () => {
      expect(outcomeOn(nodes.off)).toMatch(/refused: .*stopped for longer than its lease/);
      expect(await powerOf(nodes.off)).toBe('on');
    });

    it('would turn it off if it did not look at its lease (control)', async () => {
      await vi.waitFor(async () => expect(await powerOf(nodes.offControl)).toBe('off'), patience);
    });

    it('releases nothing that another run has claimed since', async () => {
      expect(outcomeOn(nodes.release)).toBe('answered nothing');
      expect((await imprint.catalog.claims.find(nodes.release))?.owner).toBe(other);
    });
  });

  it('do ten captures and ten loads, each act once, also when one of them is killed in the middle', async () => {
    await captureFreshNode(imprint, 'base');
    const captures = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const [node, image] = [await imprint.addNode(copyLasting(4)), imprint.fresh('image')];
        const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
        return { node, image, run, acts: ['preCapture', 'seal', 'copy-vda'] };
      }),
    );
    const loads = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const node = await imprint.addNode();
        const run = await imprint.client.startLoad({ node, image: 'base' });
        return { node, image: 'base', run, acts: ['setAside', 'fill-vda', 'start', 'postLoad'] };
      }),
    );
    const all = [...captures, ...loads];
    await vi.waitFor(async () => {
      const begun = await Promise.all(captures.map(async ({ node }) => await jobOf(imprint, node)));
      expect(begun.filter((job) => job !== undefined).length).toBeGreaterThan(2);
    }, patience);
    await stale.kill();

    await Promise.all(all.map(async ({ run }) => await run.result()));
    for (const { node, image, run, acts } of all) {
      for (const act of acts) expect([node, act, await timesOf(imprint, node, act)]).toEqual([node, act, 1]);
      expect(await violationsOn(imprint, node)).toEqual([]);
      expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
        state: 'available',
        owner: undefined,
        revisions: ['available'],
        published: [`${image}-v1`],
        staging: [],
        jobs: expect.not.arrayContaining(['sha256']),
      });
    }
  }, 300_000);

  it('loads a fleet to its end although one was killed in the middle and the other one was started after it: none lost, no slot leaked', async () => {
    const { catalog, client } = imprint;
    const [image, host] = [imprint.fresh('image'), imprint.fresh('kvm')];
    await captureFreshNode(imprint, image);
    const resource = `host/${host}`;
    await catalog.slots.setCapacity(resource, 2);
    const nodes = await Promise.all(
      Array.from({ length: 5 }, async () => await imprint.addNode({ host, bootSeconds: 2 })),
    );
    const slots = async () => (await catalog.slots.list()).find((one) => one.resource === resource);
    const fleet = await client.startLoads({ nodes, image });
    const runs = fleet.members.map(({ run }) => run.id);
    const glance = async () => await catalog.fleets.glance(runs);
    const ended = async () => (await glance()).filter(({ state }) => state !== 'running').length;
    /** A run that waits for its node to boot; there the worker has an activity in its hands. */
    const booting = async () => (await glance()).find(({ step }) => step?.number.startsWith('6') === true)?.run;
    await vi.waitFor(async () => {
      expect(await ended()).toBeGreaterThan(0);
      expect(await booting()).toBeDefined();
    }, patience);

    const inHand = await booting();
    await fresh.kill();
    const left = await ended();
    const next = await imprint.startWorker();
    const summary = await fleet.result();

    expect(summary.members).toMatchObject(nodes.map((node) => ({ node, state: 'loaded' })));
    expect(await fleet.describe()).toMatchObject({
      state: 'completed',
      outcome: `5 of 5 nodes are READY with ${image}-v1`,
    });
    expect((await catalog.runs.steps(fleet.id)).map(({ number }) => number)).toEqual(['1', '3']);
    expect(await slots()).toMatchObject({ holders: [], queue: [] });
    for (const node of nodes) {
      expect(await catalog.runs.list({ node, limit: 2 })).toHaveLength(1);
      expect([node, await timesOf(imprint, node, 'fill-vda'), await violationsOn(imprint, node)]).toEqual([
        node,
        1,
        [],
      ]);
    }
    // Control: it was killed in the middle, with a step in its hands that the next one took up.
    expect(left).toBeLessThan(nodes.length);
    const steps = await catalog.runs.steps(inHand ?? '');
    expect(steps.some(({ number, attempt }) => number.startsWith('6') && attempt > 1)).toBe(true);
    await next.kill();
  }, 300_000);
});

/** `T` when it is stopped. */
async function stateOf({ pid }: WorkerProcess): Promise<string> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[0] ?? '';
}

function thawedOf(worker: WorkerProcess): readonly ThawedCall[] {
  const lines = worker.log().split('\n');
  return lines.filter((line) => line.startsWith('{"thawed"')).map((line) => JSON.parse(line) as ThawedCall);
}
