import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { errorChain } from '../../../src/domain/errors.ts';
import type { Computer } from '../../../src/domain/computer.ts';
import type { PlanStep } from '../../../src/domain/plan.ts';
import { libraryPaths } from '../../../src/library/paths.ts';
import { openStaging } from '../../../src/library/staging.ts';
import { need, type CaptureRequest } from '../../../src/provisioners/provisioner.ts';
import { act, undo } from '../../support/plan-runner.ts';
import { createXcatFixture, xcatSettings, type XcatFixture, type XcatImages } from '../../support/xcat-fixture.ts';
import { firstRevision } from '../../support/simulated-fixture.ts';

const patience = { timeout: 20_000, interval: 20 };

describe.each<XcatImages>(['repository', 'rootimg'])('a capture with images in the %s', (images) => {
  let fixture: XcatFixture;
  let request: CaptureRequest;
  beforeEach(async () => {
    fixture = await createXcatFixture(images);
    await fixture.double.delay('farewell', 0.1);
    request = await requestFor(fixture.source);
  });
  afterEach(() => fixture.close());

  const requestFor = async (computer: Computer): Promise<CaptureRequest> => {
    const { library, context } = fixture;
    const fence = { node: computer.name, owner: `captureImage/${computer.name}/a`, epoch: 1 };
    await openStaging(library, fence, context);
    const { osModule: _osModule, ...revision } = firstRevision;
    const staging = libraryPaths(library).staging(fence.owner);
    return { computer, revision, fence, library, staging, allowForcedOff: false, shutdownSeconds: 20 };
  };
  const withSettings = async (more: Record<string, unknown>): Promise<void> => {
    const settings = { ...xcatSettings(fixture.double, images), ...more };
    request = { ...request, computer: { ...request.computer, settings } };
  };
  const runner = () => ({
    steps: need(fixture.provisioner, 'capturing').steps,
    request,
    context: fixture.context,
  });
  const plan = async (): Promise<readonly PlanStep[]> =>
    await need(fixture.provisioner, 'capturing').plan(request, fixture.context);
  /** The step of that id, after all that come before it. */
  const upTo = async (id: string): Promise<PlanStep> => {
    const steps = await plan();
    const at = steps.findIndex((step) => step.id === id);
    for (const step of steps.slice(0, at)) await act(runner(), step);
    return steps[at]!;
  };

  if (images === 'repository') {
    it('fails when the image stops growing, and a retry goes on watching what still works', async () => {
      const { double, source } = fixture;
      await withSettings({ capture: { noChangeSeconds: 1 } });
      const image = await upTo('image');
      await double.set(source.name, 'imaging-stops', '');
      await expect(act(runner(), image)).rejects.toMatchObject({
        name: 'DeadlineError',
        message: expect.stringMatching(/have not grown/),
      });
      const name = 'suite-v1';
      await writeFile(join(double.repository, `${name}.img.gz`), 'an image');
      await writeFile(join(double.repository, `${name}.img.capturedone`), '');
      expect(await act(runner(), image)).toMatchObject({ bytes: 8 });
      expect((await double.events()).filter((event) => event === `${source.name} on`)).toHaveLength(1);
    });

    it('begins the imaging anew after the environment gave up', async () => {
      const { double, source } = fixture;
      const image = await upTo('image');
      await double.set(source.name, 'imaging-fails', '');
      await expect(act(runner(), image)).rejects.toMatchObject({ name: 'ConflictError' });
      expect((await act(runner(), image))['bytes']).toBeGreaterThan(0);
      expect((await double.events()).filter((event) => event.startsWith(`${source.name} imaging`))).toHaveLength(2);
    });

    it('sets the target again before it begins anew: the sealed disk is not booted', async () => {
      const { double, source } = fixture;
      const image = await upTo('image');
      await double.set(source.name, 'imaging-fails', '');
      await expect(act(runner(), image)).rejects.toMatchObject({ name: 'ConflictError' });
      // What an environment does that gives up, and what brings a node back to its disk.
      await execa(join(double.root, 'sbin/nodeset'), [source.name, 'boot']);
      await act(runner(), image);
      expect(await double.events()).not.toContain(`${source.name} boot`);
      // The control: with that target its disk boots.
      await execa(join(double.root, 'sbin/nodeset'), [source.name, 'boot']);
      await execa(join(double.root, 'bin/rpower'), [source.name, 'reset']);
      expect(await double.events()).toContain(`${source.name} boot`);
    });

    it('refuses a marker of success beside an empty file', async () => {
      const { double, source } = fixture;
      const image = await upTo('image');
      await double.set(source.name, 'imaging-stops', '');
      const acting = act(runner(), image);
      await vi.waitFor(async () => expect(await readdir(double.repository)).toContain('suite-v1.img.gz'), patience);
      await writeFile(join(double.repository, 'suite-v1.img.capturedone'), '');
      await expect(acting).rejects.toMatchObject({
        name: 'IntegrityError',
        message: expect.stringMatching(/missing or empty/),
      });
    });

    it('counts only the files of its own revision', async () => {
      const { double } = fixture;
      await writeFile(join(double.repository, 'suite-v10.img.gz'), 'another revision');
      await writeFile(join(double.repository, 'suite-v10.img.capturedone'), '');
      const capturing = need(fixture.provisioner, 'capturing');
      expect((await capturing.check(request, fixture.context)).problems).toEqual([]);
      // The control: a file of this one is in the way.
      await writeFile(join(double.repository, 'suite-v1.img.gz'), 'left over');
      expect((await capturing.check(request, fixture.context)).problems).toMatchObject([
        { where: 'settings.images.directory' },
      ]);
    });

    it('does not image a sealed system that somebody has switched on', async () => {
      const { double, source } = fixture;
      const target = await upTo('boot-target');
      await execa(join(double.root, 'bin/rpower'), [source.name, 'on']);
      await expect(act(runner(), target)).rejects.toMatchObject({ name: 'IntegrityError' });
    });

    it('sends a power-on again that the BMC has dropped, and reads until it is confirmed', async () => {
      const { double, source } = fixture;
      await withSettings({ confirmSeconds: 4 });
      await double.set(source.name, 'power', 'off');
      await double.inject(`rpower.${source.name}`, 'drop', 2);
      await need(fixture.provisioner, 'power').on(request.computer, fixture.context);
      expect(await double.fact(source.name, 'power')).toBe('on');
      expect((await double.commands()).filter((one) => one.endsWith(' on')).length).toBeGreaterThan(1);
    });

    it('reads of a BMC that does not answer that its power is unknown, and says why', async () => {
      const { double, source, context, observe, provisioner } = fixture;
      await double.set(source.name, 'bmc', 'down');
      const readImageFile = () => Promise.resolve(undefined);
      const asked = { ...context, observe: () => observe(source), readImageFile, wordsOf: errorChain };
      const status = await provisioner.nodeStatus(source, undefined, asked);
      expect(status).toMatchObject({ rpower: { value: 'unknown' }, nodeset: 'boot', ping: true });
      expect(status.reasons['rpower']).toMatch(/timeout/);
      await double.inject('nodestat', 'daemon-stopped');
      await expect(provisioner.nodeStatus(source, undefined, asked)).rejects.toMatchObject({
        name: 'UnavailableError',
      });
    });

    it('brings the target back to the disk also where xCAT complains of DHCP', async () => {
      const { double, source } = fixture;
      const image = await upTo('image');
      const target = (await plan()).find(({ id }) => id === 'boot-target')!;
      expect(image.id).toBe('image');
      await double.inject(`nodeset.${source.name}`, 'no-dhcp', 1);
      expect(await undo(runner(), target)).toMatchObject({
        nodeset: 'boot',
        complaint: expect.stringMatching(/DHCP backend/),
      });
      expect(await double.fact(source.name, 'profile')).toBe('compute');
    });
    return;
  }

  it('10: removes what an earlier capture has left, and nothing of another run', async () => {
    const { double } = fixture;
    const tree = join(double.root, 'install', 'captured', 'rootimg');
    await mkdir(tree, { recursive: true });
    await writeFile(join(tree, 'stale'), 'of an earlier capture');
    const capture = await upTo('imgcapture');
    await double.inject('imgcapture', 'genimage', 1);
    await expect(act(runner(), capture)).rejects.toMatchObject({ name: 'CommandFailedError' });
    // The control: xCAT leaves it.
    expect(await readdir(double.state('tmp'))).toEqual([expect.stringMatching(/^xcat_imgcapture\.\d+$/)]);
    await writeFile(double.state(`tmp/xcat_imgcapture.${String(process.pid)}`), 'of a capture that goes on');
    await act(runner(), capture);
    expect(await readdir(double.state('tmp'))).toEqual([`xcat_imgcapture.${String(process.pid)}`]);
    expect(await readdir(tree)).toEqual(['etc']);
  });

  it('11: ends a capture that hangs at its own limit, and takes it for no success', async () => {
    await withSettings({ capture: { limitSeconds: 1 } });
    await fixture.double.delay('imgcapture', 60);
    const capture = await upTo('imgcapture');
    await expect(act(runner(), capture)).rejects.toMatchObject({ name: 'OutcomeUnknownError' });
    await undo(runner(), capture);
    expect(await readdir(join(fixture.double.root, 'install', 'captured'))).toEqual([]);
  });

  it('2: waits with the undo until xcatd has ended a capture whose client was killed', async () => {
    const { double, source } = fixture;
    await double.delay('imgcapture', 2);
    const capture = await upTo('imgcapture');
    const acting = act(runner(), capture).catch((error: unknown) => error);
    const client = await vi.waitFor(async () => {
      const { stdout } = await execa('pgrep', ['-f', `^/bin/bash ${double.root}/bin/imgcapture`]);
      return Number(stdout.split('\n')[0]);
    }, patience);
    process.kill(client, 'SIGKILL');
    expect(await acting).toMatchObject({ name: 'OutcomeUnknownError' });
    await expect(undo(runner(), capture)).rejects.toMatchObject({
      name: 'UnavailableError',
      message: expect.stringContaining(`imgcapture to ${source.name}`),
    });
    await vi.waitFor(async () => await undo(runner(), capture), patience);
    expect(await readdir(double.state('tmp'))).toEqual([]);
  });

  it('does not pack the tree of another capture', async () => {
    const pack = await upTo('pack');
    const owner = join(fixture.double.root, 'install', 'captured', '.imprint-owner');
    expect(await readFile(owner, 'utf8')).toBe(`${request.fence.owner}\n`);
    await writeFile(owner, 'captureImage/other/b\n');
    await expect(act(runner(), pack)).rejects.toMatchObject({
      evidence: { stderr: expect.stringMatching(/another capture has filled/) },
    });
  });

  it('leaves the tree to another run that has filled it, and removes its own', async () => {
    const capture = await upTo('imgcapture');
    await act(runner(), capture);
    const directory = join(fixture.double.root, 'install', 'captured');
    const owner = join(directory, '.imprint-owner');
    // Of what was packed before; nodes may boot with it.
    await writeFile(join(directory, 'initrd-statelite.gz'), 'an earlier one');
    await utimes(join(directory, 'initrd-statelite.gz'), 1, 1);
    await writeFile(owner, 'captureImage/other/b\n');
    await utimes(owner, 2, 2);
    expect(await undo(runner(), capture)).toHaveProperty('left');
    expect(await readdir(join(directory, 'rootimg'))).toEqual(['etc']);
    // The control: the same tree, marked as its own.
    await writeFile(owner, `${request.fence.owner}\n`);
    await utimes(owner, 2, 2);
    expect(await undo(runner(), capture)).toMatchObject({ removed: join(directory, 'rootimg') });
    expect(await readdir(directory)).toEqual(['initrd-statelite.gz']);
  });

  it('marks the tree as filled only once imgcapture has said that it is done', async () => {
    const capture = await upTo('imgcapture');
    await fixture.double.inject('imgcapture', 'genimage', 1);
    await expect(act(runner(), capture)).rejects.toMatchObject({ name: 'CommandFailedError' });
    const directory = join(fixture.double.root, 'install', 'captured');
    expect(await readdir(directory)).toContain('.imprint-filling');
    expect(await readdir(directory)).not.toContain('.imprint-owner');
    await undo(runner(), capture);
    expect(await readdir(directory)).toEqual([]);
  });

  it('begins only when xcatd has ended the capture of another node, which may fill the same tree', async () => {
    const { double, source, target } = fixture;
    const capture = await upTo('imgcapture');
    await double.delay('imgcapture', 1);
    const client = execa(join(double.root, 'bin/imgcapture'), [target.name, '-t', 'diskless', '-o', 'captured']);
    const works = async () =>
      (await execa('ps', ['-eo', 'args='])).stdout.includes(`xcatd SSL: imgcapture to ${target.name}`);
    await vi.waitFor(async () => expect(await works()).toBe(true), patience);
    const ended = client.catch(() => undefined);
    client.kill('SIGKILL');
    const acting = act(runner(), capture);
    const met: boolean[] = [];
    await vi.waitFor(async () => {
      const begun = (await double.commands()).some((one) => one.startsWith(`imgcapture ${source.name}`));
      const other = await works();
      met.push(begun && other);
      expect(other).toBe(false);
    }, patience);
    await Promise.all([acting, ended]);
    expect(met.length).toBeGreaterThan(1);
    expect(met).not.toContain(true);
  });

  it('is asked for only of a system that runs', async () => {
    const capturing = need(fixture.provisioner, 'capturing');
    expect(capturing.classOf?.(request.computer)).toBe('live');
    expect((await capturing.check(request, fixture.context)).problems).toEqual([]);
    await fixture.double.set(fixture.source.name, 'power', 'off');
    expect((await capturing.check(request, fixture.context)).problems).toMatchObject([
      { where: 'node', problem: expect.stringMatching(/copies a running system/) },
    ]);
  });
});
