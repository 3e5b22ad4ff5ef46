import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { AuditedFinding, FindingKind, RunHandle } from '../../src/client.ts';
import { libraryPaths, runKey } from '../../src/library/paths.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { lives } from '../support/lives.ts';
import { publishByHand } from '../support/published-image.ts';
import { startRealJob } from '../support/real-job.ts';
import { failureOf, untilCopied } from '../support/runs.ts';

/** Nobody waits for a copy of this rate. */
const slowly = { copyRateBytes: 1024 ** 2 };
const fast = { copyBytesPerSecond: 1024 ** 4 };

describe('an audit', () => {
  let imprint: TestImprint;
  const staging = (run: string): string => libraryPaths({ root: imprint.library }).staging(run);
  const kept = (run: string): string => join(imprint.library, '.kept', runKey(run));
  const isThere = async (path: string): Promise<boolean> =>
    await access(path).then(
      () => true,
      () => false,
    );
  const terminate = async ({ id }: RunHandle<unknown>): Promise<unknown> =>
    await imprint.temporal.workflow.getHandle(id).terminate('by a test');

  /** A capture in the middle of its copy, with a process that works for it. */
  const copying = async () => {
    const node = await imprint.addNode(fast);
    const image = imprint.fresh('image');
    const input = { node, image, operatingSystem: simulatedSystem, ...slowly };
    const run = await imprint.client.startCapture(input);
    await untilCopied(imprint, node, 0);
    return { node, image, run, pid: await startRealJob(imprint, run.id, node) };
  };
  type Copying = Awaited<ReturnType<typeof copying>>;

  /** A run that ended long ago, of which the catalog still has these steps. */
  const ended = async (node: string, steps: readonly string[] = []): Promise<string> => {
    const { runs } = imprint.catalog;
    const id = `captureImage/${node}/${imprint.fresh('dead')}`;
    await runs.register({ id, procedure: 'captureImage', node, input: { node } });
    const list = steps.map((number) => ({ id: number, title: number }));
    const step = { title: 'a step', state: 'done', attempt: 1 } as const;
    if (steps.length > 0) await runs.recordStep(id, { ...step, number: '4', evidence: { list } });
    for (const number of steps) await runs.recordStep(id, { ...step, number });
    await runs.settle(id, { state: 'terminated', outcome: 'by a test' });
    return id;
  };
  const stage = async (run: string): Promise<string> => {
    await mkdir(staging(run), { recursive: true });
    await writeFile(join(staging(run), 'vda.simulated'), 'what was copied');
    return staging(run);
  };
  const reserve = async (owner: string): Promise<string> => {
    const image = imprint.fresh('reserved');
    const request = { owner, image, operatingSystem: simulatedSystem, comment: '', author: 'test' };
    await imprint.catalog.revisions.reserve(request);
    return image;
  };

  const handRevision = async (from: string, to: string): Promise<void> => {
    const client = new pg.Client({ connectionString: imprint.databaseUrl });
    await client.connect();
    await client.query('UPDATE revisions SET owner = $2 WHERE owner = $1', [from, to]);
    await client.end();
  };

  const audit = async (purpose: 'report' | 'mend') => (await imprint.client.audit({ purpose })).findings;
  const inShort = (findings: readonly AuditedFinding[]): readonly string[] =>
    findings.map(({ kind, subject }) => `${kind} ${subject}`).sort();
  const expectThat = (findings: readonly AuditedFinding[], kind: FindingKind, subject: string) =>
    expect(findings.find((one) => one.kind === kind && one.subject === subject) ?? `no ${kind} ${subject}`);

  /** Everything that an audit must not change by looking. */
  const picture = async (): Promise<unknown> => {
    const { catalog, library } = imprint;
    const entries = await readdir(library, { recursive: true });
    return {
      files: entries.filter((path) => !path.endsWith('.lock')).sort(),
      claims: await catalog.claims.list(),
      slots: await catalog.slots.list(),
      states: (await catalog.computers.list()).map(({ name, state }) => `${name} ${state}`),
      running: (await catalog.runs.list({ state: 'running', limit: 100 })).map(({ id }) => id),
      images: (await catalog.revisions.listImages()).map(({ name }) => name),
    };
  };

  withImprint(async (started) => {
    imprint = started;
    await imprint.startWorkerHere();
  });

  it('finds nothing where nothing is wrong, also while a capture copies', async () => {
    const { run } = await copying();
    expect(await audit('report')).toEqual([]);
    await run.cancel();
    await failureOf(run);
  });

  describe('of what was planted', () => {
    let live: Copying;
    let robbed: Copying;
    let cut: Copying;
    let whole: string;
    let half: string;
    let stranger: string;
    let idle: string;
    let worker: { readonly run: string; readonly pid: number };
    let published: string;
    let lostImage: string;
    let mystery: string;

    it('reports each, and changes nothing', async () => {
      [live, robbed, cut] = [await copying(), await copying(), await copying()];
      await terminate(cut.run);
      await handRevision(robbed.run.id, 'importImage/somebody/else');
      await rename(staging(robbed.run.id), join(dirname(imprint.library), 'robbed'));
      const node = await imprint.addNode(fast);
      whole = await ended(node, ['5.1', '5.2']);
      half = await ended(node, []);
      for (const run of [whole, half]) await stage(run);
      const reserved = await reserve(whole);
      stranger = 'captureImage/lab-99/unknown';
      await stage(stranger);
      const deadLoad = await ended(node);
      worker = { run: deadLoad, pid: await startRealJob(imprint, deadLoad, node) };
      await imprint.catalog.slots.request({ run: deadLoad, purpose: 'load', resources: ['host/kvm-1'] });
      idle = await imprint.addNode();
      await imprint.catalog.computers.changeState(idle, ['available'], 'loading');
      published = join(imprint.library, `${(await publishByHand(imprint, 'good')).image}-v1`);
      lostImage = join(imprint.library, `${(await publishByHand(imprint, 'lost')).image}-v1`);
      await rename(lostImage, join(dirname(imprint.library), 'lost'));
      mystery = join(imprint.library, 'mystery-v7');
      await mkdir(mystery);
      await imprint.world.machine({ name: 'nobody', settings: {} });

      const before = await picture();
      const findings = await audit('report');
      expect(inShort(findings)).toEqual(
        [
          ...[`claim ${cut.node}`, `run ${cut.run.id}`, `capture ${cut.image}-v1`, `staging ${staging(cut.run.id)}`],
          `job ${libraryPaths({ root: imprint.library }).job(cut.run.id, 'real')}`,
          ...[`capture ${reserved}-v1`, ...[whole, half, stranger].map((run) => `staging ${staging(run)}`)],
          ...[`job ${libraryPaths({ root: imprint.library }).job(worker.run, 'real')}`, 'slot host/kvm-1'],
          ...[`node ${idle}`, 'copy lost-v1', `image ${mystery}`, 'stray nobody'],
          ...[`lacking ${robbed.run.id}`, `lacking ${robbed.run.id}`],
        ].sort(),
      );
      expect(await picture()).toEqual(before);
      expectThat(findings, 'claim', cut.node).toMatchObject({ mending: { by: 'free-node', owner: cut.run.id } });
      expect(await imprint.catalog.audits.latest()).toMatchObject({ purpose: 'report', findings });
    });

    it('mends what can be mended', async () => {
      const findings = await audit('mend');
      const byHand = ['copy', 'image', 'stray', 'lacking'];
      for (const finding of findings) {
        const mended = byHand.includes(finding.kind) ? undefined : true;
        expect({ ...finding, outcome: '' }).toEqual({ ...finding, outcome: '', ...(mended && { mended }) });
      }
      const left = await leftoversOf(imprint, cut.run.id, cut.image);
      expect(left).toMatchObject({ state: 'maintenance', owner: undefined, revisions: 'no image', staging: [] });
      expect([lives(cut.pid), lives(worker.pid)]).toEqual([false, false]);
      expect(await cut.run.describe()).toMatchObject({ state: 'terminated' });
      expect(await imprint.catalog.slots.list()).toEqual([]);
      expect(await imprint.catalog.computers.get(idle)).toMatchObject({ state: 'maintenance' });
    });

    it('never deletes a complete copy, nor one of which nothing is known', async () => {
      expect([await isThere(published), await isThere(mystery)]).toEqual([true, true]);
      for (const run of [whole, stranger]) {
        expect(await readdir(kept(run))).toEqual(['vda.simulated']);
        expect(await isThere(staging(run))).toBe(false);
      }
      // The control: one that is known to be incomplete goes.
      expect([await isThere(staging(half)), await isThere(kept(half))]).toEqual([false, false]);
    });

    it('touches nothing of a run that goes on', async () => {
      expect(await imprint.catalog.claims.find(live.node)).toMatchObject({ owner: live.run.id });
      expect(await leftoversOf(imprint, live.run.id, live.image)).toMatchObject({
        ...{ state: 'capturing', revisions: ['capturing'], staging: [runKey(live.run.id)] },
        jobs: expect.arrayContaining(['real', 'copy-vda']),
      });
      expect(lives(live.pid)).toBe(true);
      expect(lives(robbed.pid)).toBe(true);
    });

    it('finds nothing any more once a person has done the rest', async () => {
      await handRevision('importImage/somebody/else', robbed.run.id);
      await robbed.run.cancel();
      await failureOf(robbed.run);
      await rename(join(dirname(imprint.library), 'lost'), lostImage);
      await rm(mystery, { recursive: true });
      await rm(join(dirname(imprint.library), 'world', 'nodes', 'nobody.json'));
      expect(await audit('mend')).toEqual([]);
      await live.run.cancel();
      await failureOf(live.run);
    });
  });

  it('says which management node does not answer, and does not wait for it', async () => {
    const { catalog } = imprint;
    const away = { name: 'mn-away', address: '192.0.2.1', libraryRoot: '/srv/away' };
    await catalog.managementNodes.add(away);
    const findings = await audit('mend');
    expect(inShort(findings)).toEqual(['unseen mn-away']);
    expect(findings[0]).toMatchObject({ why: expect.stringContaining('its worker did not answer') });
  });
});
