import { createHash } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCurrentImage } from '../../src/domain/current-image.ts';
import type { SimulatedDisk } from '../../src/domain/simulated-disk.ts';
import { readManifest } from '../../src/library/manifest.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import type { RunProgress } from '../../src/client.ts';
import { copyLasting } from '../support/copies.ts';
import { simulatedSystem, type TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { stepsOfOrdinaryRun } from '../support/procedure-pages.ts';
import { actionsOn, failureOf, historyLength, violationsOn } from '../support/runs.ts';

const context = { signal: new AbortController().signal, progress: () => undefined };

describe.concurrent('captures and loads', () => {
  let imprint: TestImprint;

  withImprint(async (started) => {
    imprint = started;
    await imprint.startWorkerHere();
  });

  const capture = async (node: string, more: object = {}) => {
    const image = imprint.fresh('image');
    const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem, ...more });
    return { image, run };
  };
  const captured = async (node: string, more: object = {}) => {
    const { image, run } = await capture(node, more);
    return { image, run, result: await run.result() };
  };
  const load = async (node: string, image: string) => {
    const run = await imprint.client.startLoad({ node, image });
    return { run, result: await run.result() };
  };
  const disksOf = async (node: string): Promise<readonly SimulatedDisk[]> => {
    const computer = await imprint.catalog.computers.get(node);
    return (await imprint.world.machine(computer)).loaded?.disks ?? [];
  };
  const stateOf = async (node: string): Promise<string> => (await imprint.catalog.computers.get(node)).state;

  it('captures what is on a node, and records every step with its times and evidence', async () => {
    const node = await imprint.addNode({ disks: [{ name: 'vda' }, { name: 'vdb', usedBytes: 1_000 }] });
    const { image, run, result } = await captured(node, { comment: 'for the course', author: 'ann' });
    expect(result).toMatchObject({ image, revision: 1 });
    const [revision] = await imprint.catalog.revisions.list(image);
    expect(revision).toMatchObject({
      state: 'available',
      comment: 'for the course',
      author: 'ann',
      id: result.revisionId,
    });
    expect(await run.describe()).toMatchObject({ state: 'completed', outcome: expect.stringContaining(`${image}-v1`) });
    expect(await historyLength(imprint, run.id)).toBeLessThan(300);

    const steps = await imprint.catalog.runs.steps(run.id);
    for (const step of steps) {
      expect(step).toMatchObject({ state: 'done', attempt: 1 });
      expect(Date.parse(step.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(step.startedAt));
    }
    const numbers = steps.map(({ number }) => number);
    expect(numbers).toEqual(['1', '2', '3', '4', '5', '5.1', '5.2', '5.3', '5.4', '5.5', '5.6', ...published]);
    expect(await stepsOfOrdinaryRun('capture-image')).toEqual(
      numbers.filter((number) => !number.startsWith('5.')).toSpliced(-1, 0, '8'),
    );
    const evidenceOf = (number: string) => steps.find((step) => step.number === number)?.evidence;
    expect(evidenceOf('5.3')).toMatchObject({ reason: 'shutdown', forced: false });
    expect(evidenceOf('5.5')).toMatchObject({ job: 'copy-vda', disk: 'vda' });
    expect(evidenceOf('6.2')).toMatchObject({ list: [{ name: 'vda', sha256: expect.any(String) }, { name: 'vdb' }] });
    expect(evidenceOf('6.3')).toMatchObject({ cleanShutdown: { kind: 'clean' } });
    expect(evidenceOf('7.1')).toMatchObject({ path: join(imprint.library, `${image}-v1`) });
  });
  const published = ['6.1', '6.2', '6.3', '7.1', '7.2', '7.3', '9'];

  it('publishes a manifest that tells the truth about the files beside it', async () => {
    const { image, run } = await captured(await imprint.addNode());
    const directory = join(imprint.library, `${image}-v1`);
    const place = { name: 'test', root: imprint.library, shell: createLocalShell() };
    const manifest = await readManifest(place, directory, context);
    expect(manifest).toMatchObject({ image, revision: 1, cleanShutdown: { kind: 'clean' }, source: { run: run.id } });
    for (const disk of manifest.disks) {
      const content = await readFile(join(directory, disk.file));
      expect(createHash('sha256').update(content).digest('hex')).toBe(disk.sha256);
      expect(content).toHaveLength(disk.sizeBytes);
    }
  });

  it('loads it on another node, which is then READY, without the accounts and with an identity of its own', async () => {
    const [source, target] = [await imprint.addNode(), await imprint.addNode()];
    const { image } = await captured(source);
    const { run, result } = await load(target, image);
    expect(result).toMatchObject({ image, revision: 1, found: 'RELOAD' });
    expect(await imprint.client.nodeStatus(target)).toMatchObject({
      status: 'READY',
      currentimage: `${image}-v1`,
      ssh: true,
    });
    expect(await stateOf(target)).toBe('available');
    const files = (await disksOf(target))[0]?.system?.files ?? {};
    expect(files).toMatchObject({ '/opt/course/software': 'installed by the administrator\n' });
    expect(files['/etc/passwd']).not.toMatch(/alice/);
    expect(parseCurrentImage(files['/root/currentimage.txt'] ?? '')).toMatchObject({
      name: `${image}-v1`,
      postLoad: 'success',
    });

    const numbers = (await imprint.catalog.runs.steps(run.id)).map(({ number }) => number);
    expect(numbers.filter((number) => !/^[58]\./.test(number))).toEqual(
      (await stepsOfOrdinaryRun('load-node')).filter((number) => !/^8\./.test(number)),
    );
    expect(numbers.filter((number) => /^[58]\./.test(number))).toEqual([
      '5.1',
      '5.2',
      '5.3',
      '5.4',
      '8.1',
      '8.2',
      '8.3',
    ]);
  });

  it('finds a node that is loaded already, and one whose postLoad is missing', async () => {
    const target = await imprint.addNode();
    const { image } = await captured(await imprint.addNode());
    await load(target, image);
    expect((await load(target, image)).result.found).toBe('READY');
    expect((await actionsOn(imprint, target)).filter((action) => action === 'fill-vda')).toHaveLength(1);

    await forgetPostLoad(target);
    expect(await imprint.client.nodeStatus(target)).toMatchObject({ status: 'POST_LOAD' });
    expect((await load(target, image)).result.found).toBe('POST_LOAD');
    expect(await imprint.client.nodeStatus(target)).toMatchObject({ status: 'READY' });
    expect((await actionsOn(imprint, target)).filter((action) => action === 'fill-vda')).toHaveLength(1);
  });
  const forgetPostLoad = async (node: string): Promise<void> => {
    const computer = await imprint.catalog.computers.get(node);
    await imprint.world.change(computer, {}, (machine) => {
      const text = JSON.stringify(machine).replace(String.raw`vcld_post_load=success\n`, '');
      return JSON.parse(text) as typeof machine;
    });
  };

  it('shows its progress to whoever watches, until it has ended', async () => {
    const node = await imprint.addNode(copyLasting(4));
    const { run } = await capture(node);
    const seen: RunProgress[] = [];
    for await (const progress of run.watch()) seen.push(progress);
    const shares = seen.flatMap(({ activity }) => activity?.progress?.fraction ?? []);
    expect(shares.length).toBeGreaterThan(0);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    const states = seen.map(({ steps }) => steps.find(({ number }) => number === '5.5')?.state);
    expect(states).toContain('running');
    expect(seen.at(-1)).toMatchObject({ status: 'COMPLETED', run: { state: 'completed' } });
    expect(seen.at(-1)?.steps.every(({ state }) => state === 'done')).toBe(true);
  });

  it('numbers the revisions of an image, and loads the one that is named', async () => {
    const node = await imprint.addNode();
    const { image } = await captured(node, { after: 'powerOn' });
    const second = await imprint.client.startCapture({ node, image, after: 'powerOn' });
    expect(await second.result()).toMatchObject({ revision: 2 });
    const target = await imprint.addNode();
    const run = await imprint.client.startLoad({ node: target, image, revision: 2 });
    expect(await run.result()).toMatchObject({ revision: 2 });
    expect(await imprint.client.nodeStatus(target)).toMatchObject({ currentimage: `${image}-v2` });
  });

  describe('afterwards', () => {
    it('leaves the node off when nothing else was asked for', async () => {
      const node = await imprint.addNode();
      const { run } = await captured(node);
      expect(await stateOf(node)).toBe('available');
      expect((await actionsOn(imprint, node)).filter((action) => action.includes('power-on'))).toEqual([]);
      expect((await imprint.catalog.runs.steps(run.id)).some(({ number }) => number.startsWith('8'))).toBe(false);
    });

    it('powers the captured system on again, also one that was loaded with known host keys', async () => {
      const node = await imprint.addNode();
      const { image } = await captured(await imprint.addNode());
      await load(node, image);
      const { image: next } = await captured(node, { after: 'powerOn' });
      expect(await stateOf(node)).toBe('inuse');
      expect(await imprint.client.nodeStatus(node)).toMatchObject({ status: 'READY', currentimage: `${next}-v1` });
      expect(await violationsOn(imprint, node)).toEqual([]);
    });

    it('loads the new revision on the node that it was captured from', async () => {
      const node = await imprint.addNode();
      const { run, image } = await captured(node, { after: 'reload' });
      expect(await stateOf(node)).toBe('available');
      expect(await imprint.client.nodeStatus(node)).toMatchObject({ status: 'READY', currentimage: `${image}-v1` });
      const numbers = (await imprint.catalog.runs.steps(run.id)).map(({ number }) => number);
      expect(numbers.filter((number) => number.startsWith('8'))).toEqual([
        '8.2',
        '8.2.1',
        '8.3',
        '8.4',
        '8.5',
        '8.5.1',
        '8.5.2',
        '8.5.3',
        '8.5.4',
        '8.6.1',
        '8.6.2',
        '8.7',
        '8.7.1',
        '8.8',
        '8.8.1',
        '8.8.2',
        '8.8.3',
      ]);
      expect(await violationsOn(imprint, node)).toEqual([]);
    });

    it('keeps the revision when the node cannot be loaded with it', async () => {
      const node = await imprint.addNode();
      await imprint.world.inject({ node, at: 'fill-vda', kind: 'refuse' });
      const { run, image } = await capture(node, { after: 'reload' });
      expect(await failureOf(run)).toMatchObject({
        reason: 'ConflictError',
        message: expect.stringMatching(/fill-vda/),
      });
      expect(await imprint.catalog.revisions.list(image)).toMatchObject([{ state: 'available' }]);
      expect(await stateOf(node)).toBe('maintenance');
      expect(await imprint.catalog.claims.find(node)).toBeUndefined();
      const target = await imprint.addNode();
      expect((await load(target, image)).result.found).toBe('RELOAD');
    });
  });

  describe('a guest that does not shut down', () => {
    const stubborn = async () => {
      const node = await imprint.addNode({ shutdownSeconds: 3_600 });
      return { node, more: { shutdownSeconds: 1 } };
    };

    it('fails the capture when its time is over; nobody cuts the power', async () => {
      const { node, more } = await stubborn();
      const { run, image } = await capture(node, more);
      expect(await failureOf(run)).toMatchObject({
        reason: 'DeadlineError',
        message: expect.stringMatching(new RegExp(`${node}.*did not shut down in 1 s`)),
      });
      expect(await actionsOn(imprint, node)).not.toContain('force-off');
      expect((await imprint.world.machine(await imprint.catalog.computers.get(node))).power).toBe('on');
      expect(await imprint.catalog.revisions.findImage(image)).toBeUndefined();
    });

    it('has its power cut where that was allowed, and the image says so', async () => {
      const { node, more } = await stubborn();
      const { image } = await captured(node, { ...more, allowForcedOff: true });
      expect(await actionsOn(imprint, node)).toContain('force-off');
      const [revision] = await imprint.catalog.revisions.list(image);
      expect(revision?.manifest?.cleanShutdown).toMatchObject({ kind: 'forced', reason: 'destroyed' });
      expect(revision?.manifest?.sealChecks.filter(({ outcome }) => outcome === 'failed')).toMatchObject([
        { check: 'file-system' },
      ]);
    });
  });

  it('refuses to load an image whose file was damaged, and names the file', async () => {
    const { image } = await captured(await imprint.addNode());
    const target = await imprint.addNode();
    const file = join(imprint.library, `${image}-v1`, 'vda.simulated');
    const content = await readFile(file, 'utf8');
    await chmod(file, 0o644);
    await writeFile(file, content.replace('installed by', 'infected by!'));
    const run = await imprint.client.startLoad({ node: target, image });
    expect(await failureOf(run)).toMatchObject({ reason: 'IntegrityError', message: expect.stringContaining(file) });
    expect(await actionsOn(imprint, target)).toEqual([]);

    await writeFile(file, content);
    expect((await load(target, image)).result.found).toBe('RELOAD');
  });

  it('turns a node off, on and off and on again, and takes off what is loaded', async () => {
    const node = await imprint.addNode();
    const power = async (action: 'on' | 'off' | 'reset') => {
      const run = await imprint.client.power({ node, action });
      return (await run.result()).value;
    };
    expect(await power('off')).toBe('off');
    expect(await power('off')).toBe('off');
    expect(await power('on')).toBe('on');
    expect(await power('reset')).toBe('on');
    expect(await actionsOn(imprint, node)).toEqual(['shutdown', 'power-on', 'reset', 'power-on']);
    expect(await stateOf(node)).toBe('available');

    await (await imprint.client.startUnload(node)).result();
    expect(await disksOf(node)).toEqual([]);
    expect(await imprint.client.nodeStatus(node)).toMatchObject({ status: 'RELOAD' });
  });
});
