import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { lookOnce } from '../../src/cli/conduct-run.ts';
import { waitingFor } from '../../src/cli/run-words.ts';
import type { RunProgress } from '../../src/client.ts';
import type { Revision } from '../../src/domain/image.ts';
import { captureFreshNode } from '../support/captured-image.ts';
import type { TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { publishByHand } from '../support/published-image.ts';
import { failureOf, patience, untilCancelWasSeen } from '../support/runs.ts';
import { createTampering } from '../support/tampering.ts';

describe('deleting a revision', () => {
  let imprint: TestImprint;
  const tampering = createTampering();

  withImprint(async (started) => {
    imprint = started;
    await imprint.startWorkerHere((deps) => tampering.around(deps));
    await captureFreshNode(imprint, 'base');
  });

  async function retired(): Promise<Revision> {
    const { image, revision } = await publishByHand(imprint, imprint.fresh('web'));
    return await imprint.catalog.revisionLife.retire({ image, revision }, 'test');
  }

  const nameOf = ({ image, revision }: Revision): string => `${image}-v${String(revision)}`;
  const inLibrary = async (name: string): Promise<boolean> => (await readdir(imprint.library)).includes(name);
  const stateOf = async ({ id }: Revision): Promise<string> => (await imprint.catalog.revisions.get(id)).state;

  it('removes its bytes, forgets its copy and keeps its row; the same request again is the same run', async () => {
    const revision = await retired();
    const [first, second] = [
      await imprint.client.startDeletion(revision, { requestKey: 'once' }),
      await imprint.client.startDeletion(revision, { requestKey: 'once' }),
    ];
    expect(second.id).toBe(first.id);
    expect(await first.result()).toEqual({ image: revision.image, revision: 1, libraries: ['mn-test'] });
    expect(await first.describe()).toMatchObject({ state: 'completed', outcome: `${nameOf(revision)} is deleted` });
    expect(await inLibrary(nameOf(revision))).toBe(false);
    expect(await readdir(join(imprint.library, '.trash'))).toEqual([]);
    expect(await imprint.catalog.copies.list(revision.id)).toEqual([]);
    expect(await stateOf(revision)).toBe('deleted');
    const steps = await imprint.catalog.runs.steps(first.id);
    expect(steps.map(({ number, state }) => `${number} ${state}`)).toEqual(['1 done', '2.1 done', '3 done']);
  });

  it('is refused before anything is touched while a node is loaded with it', async () => {
    const node = await imprint.addNode();
    await (await imprint.client.startLoad({ node, image: 'base' })).result();
    await publishByHand(imprint, 'base');
    await imprint.catalog.revisionLife.promote({ image: 'base', revision: 2 }, 'test');
    await imprint.catalog.revisionLife.retire({ image: 'base', revision: 1 }, 'test');
    await expect(imprint.client.startDeletion({ image: 'base', revision: 1 })).rejects.toThrow(
      `base@1 is loaded on ${node}; unload it first`,
    );
    await (await imprint.client.startUnload(node)).result();
    await (await imprint.client.startDeletion({ image: 'base', revision: 1 })).result();
    expect(await inLibrary('base-v1')).toBe(false);
  });

  it('is refused while disks that were cloned from it are set aside on a node, which an unload ends', async () => {
    const [node, image, other] = [await imprint.addNode(), imprint.fresh('web'), imprint.fresh('web')];
    for (const name of [image, other]) await captureFreshNode(imprint, name);
    const load = async (name: string) => await imprint.client.startLoad({ node, image: name });
    await (await load(image)).result();
    tampering.fail({ node, activity: 'awaitReady', call: 'provisioner().nodeStatus', when: 'before' }, { times: 1 });
    await failureOf(await load(other));
    // The node comes from maintenance: what this load replaces is kept.
    await (await load(other)).result();
    await imprint.catalog.revisionLife.retire({ image, revision: 1 }, 'test');
    await expect(imprint.client.startDeletion({ image, revision: 1 })).rejects.toThrow(
      `disks that were cloned from ${image}@1 are kept on ${node}; load it once more, or unload it, first`,
    );
    await (await imprint.client.startUnload(node)).result();
    expect((await imprint.world.machine(await imprint.catalog.computers.get(node))).setAside).toEqual([]);
    await (await imprint.client.startDeletion({ image, revision: 1 })).result();
    expect(await inLibrary(`${image}-v1`)).toBe(false);
  });

  it('is refused while a load that has begun works with it, though nothing is recorded as loaded yet', async () => {
    const { image } = await publishByHand(imprint, imprint.fresh('web'));
    const node = await imprint.addNode();
    const held = tampering.hold({ node, activity: 'checkLoad', call: 'library.shell.run', when: 'before' });
    const load = await imprint.client.startLoad({ node, image });
    await held.reached;
    await imprint.catalog.revisionLife.retire({ image, revision: 1 }, 'test');
    await expect(imprint.client.startDeletion({ image, revision: 1 })).rejects.toThrow(
      `${image}@1 is being loaded by ${load.id}; wait for it`,
    );
    await load.cancel();
    held.release();
    await failureOf(load);
    await (await imprint.client.startDeletion({ image, revision: 1 })).result();
  });

  it('that fails half-way says so, and goes on when it is asked for again', async () => {
    const revision = await retired();
    const name = nameOf(revision);
    const point = {
      node: name,
      activity: 'deleteCopy',
      call: 'catalog.revisionDeletion.forgetCopy',
      when: 'before',
    } as const;
    tampering.fail(point, { times: 1 });
    const run = await imprint.client.startDeletion(revision);
    expect((await failureOf(run)).message).toContain('refused by the test');
    expect(await run.describe()).toMatchObject({ outcome: expect.stringContaining('the same command goes on') });
    expect([await inLibrary(name), await stateOf(revision)]).toEqual([false, 'deleting']);
    await expect(imprint.catalog.revisionLife.restore(revision, 'test')).rejects.toThrow('is deleting');
    await (await imprint.client.startDeletion(revision)).result();
    expect(await stateOf(revision)).toBe('deleted');
  });

  it('that is cancelled before its bytes were touched leaves it retired', async () => {
    const revision = await retired();
    const point = { activity: 'beginDeletion', call: 'catalog.revisionDeletion.begin', when: 'after' } as const;
    const held = tampering.hold({ ...point, node: nameOf(revision) });
    const run = await imprint.client.startDeletion(revision);
    await held.reached;
    const other = await imprint.client.startDeletion(revision);
    expect((await failureOf(other)).message).toContain(`is being deleted by run ${run.id}`);
    await run.cancel();
    await untilCancelWasSeen(imprint, run.id);
    held.release();
    expect((await failureOf(run)).reason).toBe('Cancelled');
    expect([await inLibrary(nameOf(revision)), await stateOf(revision)]).toEqual([true, 'retired']);
  });

  it('that waits for a management node that is away can be watched, and stops waiting when it is cancelled', async () => {
    await imprint.catalog.managementNodes.register({ name: 'mn-away', address: '', libraryRoot: '/srv/away' });
    const { image, revision } = await publishByHand(imprint, imprint.fresh('web'), {
      name: 'mn-away',
      root: imprint.library,
    });
    await imprint.catalog.revisionLife.retire({ image, revision }, 'test');
    const run = await imprint.client.startDeletion({ image, revision });
    await vi.waitFor(async () => {
      const seen = (await lookOnce(run)) as RunProgress;
      expect(waitingFor(seen, Date.now())).toContain('no worker has taken the next step up yet');
    }, patience);
    await run.cancel();
    expect((await failureOf(run)).reason).toBe('Cancelled');
  });

  it('succeeds when every first answer is lost', async () => {
    const revision = await retired();
    tampering.loseFirstAnswers(nameOf(revision));
    await (await imprint.client.startDeletion(revision)).result();
    expect([await inLibrary(nameOf(revision)), await stateOf(revision)]).toEqual([false, 'deleted']);
  });

  it('leaves alone what another catalog has put under its name, and what is no directory', async () => {
    const [foreign, file] = [await retired(), await retired()];
    const manifest = join(imprint.library, nameOf(foreign), 'manifest.json');
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace(`"revisionId": ${String(foreign.id)}`, '"revisionId": 7'));
    const run = await imprint.client.startDeletion(foreign);
    expect((await failureOf(run)).message).toContain('its manifest names revision id 7');
    expect(await inLibrary(nameOf(foreign))).toBe(true);

    const path = join(imprint.library, nameOf(file));
    await rm(path, { recursive: true });
    await writeFile(path, 'a file');
    expect((await failureOf(await imprint.client.startDeletion(file))).message).toContain('it is not a directory');
    expect(await readFile(path, 'utf8')).toBe('a file');
  });
});
