import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readManifest } from '../../src/library/manifest.ts';
import { prepare } from '../../src/library/prepare.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import type { ImprintOptions, TestImprint } from '../support/imprint.ts';
import { withImprint } from '../support/imprint-suite.ts';
import { failureOf, patience } from '../support/runs.ts';
import { startSshd, type Sshd } from '../support/sshd.ts';
import { skipWithout, whyUnavailable } from '../support/unavailable.ts';
import { xcatSettings, type XcatImages } from '../support/xcat-fixture.ts';
import { createXcatDouble, type XcatDouble } from '../../src/demo/xcat-double/index.ts';

const managementNode = 'mn-test';
const context = { signal: new AbortController().signal, progress: () => undefined };

describe('captures and loads of nodes that xCAT drives', () => {
  let imprint: TestImprint;
  let double: XcatDouble;
  /** xCAT's management node, where it is another host. */
  let sshd: Sshd | undefined;

  beforeAll(async () => {
    double = await createXcatDouble();
    if (whyUnavailable('ssh') === undefined) sshd = await startSshd();
  });
  afterAll(async () => {
    await sshd?.stop();
    await double.close();
  });
  const options: ImprintOptions = {
    get settings(): Readonly<Record<string, string>> {
      return sshd === undefined ? {} : { IMPRINT_SECRET_XCAT_KEY: sshd.privateKey };
    },
  };
  withImprint(async (started) => {
    imprint = started;
    const { catalog } = imprint;
    await catalog.provisioningSystems.allow(managementNode, 'xcat');
    await catalog.operatingSystems.register({ name: 'unknown-os', installType: 'archive' });
    await catalog.operatingSystems.allowInstallType('xcat', 'archive');
    await imprint.startWorkerHere();
  }, options);

  const addNode = async (images: XcatImages, more: Record<string, unknown> = {}): Promise<string> => {
    const name = double.node(imprint.fresh('node'));
    await double.addNode(name, { disk: `what was installed on ${name}\n` });
    await double.addImage('captured');
    const settings = { ...xcatSettings(double, images), ...more };
    const facts = { address: '127.0.0.1', sshPort: 22, macAddresses: [], memoryMiB: 2048, cpus: 2 };
    await imprint.catalog.computers.add({ name, managementNode, provisioningSystem: 'xcat', ...facts, settings });
    return name;
  };
  const capture = async (node: string, more: object = {}) => {
    const image = imprint.fresh('image');
    const run = await imprint.client.startCapture({ node, image, operatingSystem: 'unknown-os', ...more });
    return { image, run };
  };
  const captured = async (node: string, more: object = {}) => {
    const { image, run } = await capture(node, more);
    await run.result();
    return image;
  };
  const manifestOf = async (image: string) => {
    const place = { name: managementNode, root: imprint.library, shell: createLocalShell() };
    return await readManifest(place, join(imprint.library, `${image}-v1`), context);
  };

  const untilHeld = async (run: string): Promise<void> =>
    await vi.waitFor(async () => {
      const hold = await imprint.catalog.holds.find(run);
      expect(hold).toMatchObject({ reason: expect.stringMatching(/gave up/) });
    }, patience);

  it('captures a node through the imaging environment, and loads another one with it', async () => {
    const source = await addNode('repository');
    const image = await captured(source);
    expect(await manifestOf(image)).toMatchObject({
      disks: [{ name: 'sda', file: 'sda.img.gz', format: 'archive' }],
      cleanShutdown: { kind: 'clean', notSeen: 'the clean marks of its file systems' },
      source: { provisioningSystem: 'xcat', computer: source },
    });
    // The sealed system was never booted; the machine is off, its disk is what it boots, its profile is its own again.
    expect(await double.events()).not.toContain(`${source} boot`);
    expect([await double.fact(source, 'power'), await double.fact(source, 'boot')]).toEqual(['off', 'boot']);
    expect(await double.fact(source, 'profile')).toBe('compute');
    expect(await readdir(double.repository)).toEqual([]);

    const target = await addNode('repository');
    // Each stage lasts long enough to be seen.
    await double.delay('deployment', 2);
    const run = await imprint.client.startLoad({ node: target, image });
    expect(await run.result()).toMatchObject({ image, found: 'RELOAD' });
    expect(await double.fact(target, 'disk')).toBe(`what was installed on ${source}\n`);
    expect(await imprint.client.nodeStatus(target)).toMatchObject({
      status: 'READY',
      ping: true,
      rpower: { value: 'on' },
      nodeset: 'boot',
      nodetype: `${image}-v1`,
    });
    const stages = (await imprint.catalog.runs.steps(run.id)).find(({ number }) => number === '5.5')?.evidence;
    expect(JSON.stringify(stages)).toContain('installing');
    await double.delay('deployment', 0);
    expect((await (await imprint.client.startLoad({ node: target, image })).result()).found).toBe('READY');
    expect(await double.overlaps()).toEqual([]);
  });

  it('reaches the management node of xCAT over SSH, with a library there, and loads by rinstall', async (test) => {
    skipWithout(test, 'ssh');
    const { port, hostKeys } = sshd as Sshd;
    const host = { kind: 'ssh', address: '127.0.0.1', port, keySecret: 'xcat-key', hostKeys };
    const library = { own: { name: 'xcat-host', root: join(double.root, 'library') } };
    await mkdir(library.own.root);
    await prepare({ ...library.own, shell: createLocalShell() }, context);
    const more = { host, library, load: { bootTarget: 'deploy', by: 'rinstall' } };
    const source = await addNode('repository', more);
    const image = await captured(source);
    // The bytes never left the host of xCAT.
    expect(await readdir(library.own.root)).toContain(`${image}-v1`);
    expect(await readdir(imprint.library)).not.toContain(`${image}-v1`);

    const target = await addNode('repository', more);
    await (await imprint.client.startLoad({ node: target, image })).result();
    expect(await double.fact(target, 'disk')).toBe(`what was installed on ${source}\n`);
    expect(await imprint.client.nodeStatus(target)).toMatchObject({ status: 'READY', nodetype: `${image}-v1` });
    const commands = (await double.commands()).filter((command) => command.includes(target));
    expect(commands.filter((command) => /^rinstall /.test(command))).toEqual([`rinstall ${target} deploy`]);
    expect(commands.filter((command) => / (on|reset|boot)$/.test(command) && command.startsWith('rpower'))).toEqual([]);
    expect(await sshd?.loginCount()).toBe(1);

    // The control: another host key, and nothing of xCAT is asked.
    const strange = {
      ...host,
      hostKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    };
    const other = await addNode('repository', { ...more, host: strange });
    await expect(imprint.client.nodeStatus(other)).rejects.toThrow(/unexpected host key/);
    expect((await double.commands()).filter((command) => command.includes(other))).toEqual([]);
  });

  it('captures a running node with imgcapture, as a live image, and loads it', async () => {
    const source = await addNode('rootimg');
    const image = await captured(source);
    expect(await manifestOf(image)).toMatchObject({
      imageClass: 'live',
      cleanShutdown: { kind: 'none' },
      sealChecks: [],
      disks: [{ file: 'rootimg.tar.gz', format: 'archive' }],
    });
    expect(await double.fact(source, 'power')).toBe('on');
    const target = await addNode('rootimg');
    await (await imprint.client.startLoad({ node: target, image })).result();
    const directory = join(double.root, 'install', 'captured');
    expect(await readFile(join(directory, 'rootimg/etc/hostname'), 'utf8')).toBe(`${source}\n`);
    expect(await readdir(directory)).toContain('rootimg.cpio.gz');
    expect(await imprint.client.nodeStatus(target)).toMatchObject({ status: 'READY', nodeset: 'netboot' });
  });

  it('takes a capture back whose imaging gave up: off, sealed, nothing left of it', async () => {
    const source = await addNode('repository');
    await double.set(source, 'imaging-fails', '');
    const { image, run } = await capture(source, { onFailure: 'unwind' });
    expect(await failureOf(run)).toMatchObject({ reason: 'ConflictError', message: expect.stringMatching(/gave up/) });
    expect([await double.fact(source, 'power'), await double.fact(source, 'boot')]).toEqual(['off', 'boot']);
    expect(await double.fact(source, 'profile')).toBe('compute');
    expect((await readdir(double.repository)).filter((file) => file.startsWith(image))).toEqual([]);
    expect(await imprint.catalog.revisions.findImage(image)).toBeUndefined();
    expect((await double.events()).filter((event) => event === `${source} boot`)).toEqual([]);
  });

  it('holds a capture whose imaging gave up, and goes on there: the node is asked to power off once', async () => {
    const source = await addNode('repository');
    await double.set(source, 'imaging-fails', '');
    const { run } = await capture(source, { onFailure: 'hold' });
    await untilHeld(run.id);
    expect((await imprint.catalog.computers.get(source)).state).toBe('maintenance');
    await run.answer('retry', { by: 'alice', reason: 'the environment was mended' });
    await run.result();
    const asked = (await double.commands()).filter((command) => command === `rpower ${source} softoff`);
    expect(asked).toHaveLength(1);
  });

  it('gives the node of such a capture back to its user when an operator says rescue: on, and not prepared', async () => {
    const source = await addNode('repository');
    await double.set(source, 'imaging-fails', '');
    const { run } = await capture(source, { onFailure: 'hold' });
    await untilHeld(run.id);
    await run.answer('rescue', { by: 'alice', reason: 'its user needs it' });
    await failureOf(run);
    expect((await imprint.catalog.runs.find(run.id))?.outcome).toMatch(
      new RegExp(`; ${source} is powered on; nobody has looked at its system$`),
    );
    expect([await double.fact(source, 'power'), await double.fact(source, 'boot')]).toEqual(['on', 'boot']);
    expect((await double.events()).filter((event) => event === `${source} boot`)).toHaveLength(1);
  });

  it('takes a load back that was cancelled while it wrote the disk: off, and nothing boots what is half written', async () => {
    const image = await captured(await addNode('repository'));
    const target = await addNode('repository');
    await double.set(target, 'deployment-stops', '');
    const run = await imprint.client.startLoad({ node: target, image });
    await vi.waitFor(async () => expect(await double.events()).toContain(`${target} deployment ${image}-v1`), patience);
    await run.cancel();
    await failureOf(run);
    expect([await double.fact(target, 'power'), await double.fact(target, 'boot')]).toEqual(['off', 'boot']);
    expect((await double.events()).filter((event) => event === `${target} boot`)).toEqual([]);
  });

  it('refuses to overwrite a disk that is the source of a revision which nobody has loaded yet', async () => {
    const other = await captured(await addNode('repository'));
    const source = await addNode('repository');
    const image = await captured(source);
    const refused = await imprint.client.startLoad({ node: source, image: other, onFailure: 'unwind' });
    expect(await failureOf(refused)).toMatchObject({ message: expect.stringMatching(/its disk must be kept/) });
    // The control: what was captured from it may go onto it.
    await (await imprint.client.startLoad({ node: source, image })).result();
    expect(await imprint.client.nodeStatus(source)).toMatchObject({ status: 'READY', nodetype: `${image}-v1` });
  });
});
