import { describe, expect, it, vi } from 'vitest';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { copyHistoryOf, copyLasting } from '../support/copies.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { startMortalPostgres, type MortalPostgres } from '../support/mortal-postgres.ts';
import { actionsOn, patience, untilCopied, violationsOn } from '../support/runs.ts';
import { createTampering } from '../support/tampering.ts';

const outageMs = 20_000;

describe('runs outlive PostgreSQL', () => {
  let imprint: TestImprint;
  let postgres: MortalPostgres;
  const tampering = createTampering();

  withImprint(
    async (started) => {
      imprint = started;
      await imprint.startWorkerHere((deps) => tampering.around(deps));
    },
    { startDatabase: async () => (postgres = await startMortalPostgres()) },
  );

  const startCapture = async (seconds: number, image: string) => {
    const node = await imprint.addNode(copyLasting(seconds));
    const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
    return { node, image, run };
  };

  it('that is stopped at once for 20 s: in the middle of a copy, while a step is recorded, and between its commit and the answer', async () => {
    const copying = await startCapture(45, 'copying');
    const recording = await startCapture(1, 'recording');
    const publishing = await startCapture(1, 'publishing');
    const record = { activity: 'verifyStructure', call: 'catalog.runs.recordStep', when: 'before' } as const;
    const commit = { activity: 'publishRevision', call: 'catalog.revisions.publish', when: 'after' } as const;
    const held = [
      tampering.hold({ ...record, node: recording.node }),
      tampering.hold({ ...commit, node: publishing.node }),
    ];
    await Promise.all(held.map(async ({ reached }) => await reached));
    const job = await untilCopied(imprint, copying.node, 0.05);

    postgres.kill();
    const stopped = Date.now();
    for (const call of held) call.release();
    await vi.waitFor(async () => {
      // The control: nobody can read what the runs do.
      await expect(copying.run.describe()).rejects.toMatchObject({ retryable: true });
      expect(Date.now() - stopped).toBeGreaterThan(outageMs);
    }, patience);
    await postgres.restart();

    for (const { run, node, image } of [copying, recording, publishing]) {
      await run.result();
      expect(await copyHistoryOf(imprint, run.id, image)).toEqual({ begun: 1, sound: true });
      expect((await actionsOn(imprint, node)).filter((action) => action === 'seal')).toHaveLength(1);
      expect(await violationsOn(imprint, node)).toEqual([]);
      expect(await leftoversOf(imprint, run.id, image)).toMatchObject({
        state: 'available',
        owner: undefined,
        revisions: ['available'],
        published: [`${image}-v1`],
        staging: [],
      });
      expect(await run.describe()).toMatchObject({ state: 'completed' });
      const steps = await imprint.catalog.runs.steps(run.id);
      expect(steps.filter(({ state }) => state !== 'done')).toEqual([]);
    }
    expect((await untilCopiedOf(copying.node))?.startedAt).toBe(job.startedAt);
    // The control: it was the step being recorded that met the outage.
    expect(
      (await imprint.catalog.runs.steps(recording.run.id)).find(({ number }) => number === '6.1')?.attempt,
    ).toBeGreaterThan(1);
  });

  const untilCopiedOf = async (node: string) =>
    (await imprint.world.machine(await imprint.catalog.computers.get(node))).jobs['copy-vda'];
});
