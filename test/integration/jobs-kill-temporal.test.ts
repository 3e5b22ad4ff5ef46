import { describe, expect, it } from 'vitest';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { copyHistoryOf, copyLasting } from '../support/copies.ts';
import { untilCopied } from '../support/runs.ts';

describe('a capture outlives Temporal’s server', () => {
  let imprint: TestImprint;

  withImprint(async (started) => {
    imprint = started;
    await imprint.startWorkerHere();
  });

  it('that is killed in the middle of the copy and started again on the same file', async () => {
    const node = await imprint.addNode(copyLasting(15));
    const image = imprint.fresh('image');
    const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
    const job = await untilCopied(imprint, node, 0.3);
    await imprint.server.kill();
    await imprint.server.restart();
    expect((await untilCopied(imprint, node, 0.9)).startedAt).toBe(job.startedAt);
    await imprint.client.run(run.id).result();
    expect(await copyHistoryOf(imprint, run.id, image)).toEqual({ begun: 1, sound: true });
    expect(await run.describe()).toMatchObject({ state: 'completed' });
  });
});
