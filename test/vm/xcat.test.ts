import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createXcatDouble, type XcatDouble } from '../../src/demo/xcat-double/index.ts';
import { buildGuestImage, type GuestImage } from '../../src/platform/guest-image.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { createSshShell, type ClosableShell } from '../../src/remote/ssh-shell.ts';
import { startImprint, type TestImprint } from '../support/imprint.ts';
import { skipWithout, whyUnavailable, type TestNeed } from '../support/unavailable.ts';
import { xcatSettings } from '../support/xcat-fixture.ts';
import { createXcatMachines, type XcatMachines } from '../support/xcat-machine.ts';

const needs: readonly TestNeed[] = ['vm', 'sealCheck', 'ssh', 'temporal', 'postgres'];
const inGuest = { signal: AbortSignal.timeout(20 * 60_000), timeoutMs: 120_000 };

const closers: (() => Promise<void>)[] = [];
let imprint: TestImprint;
let double: XcatDouble;
let machines: XcatMachines;
let guest: GuestImage;

beforeAll(async () => {
  if (needs.some((need) => whyUnavailable(need) !== undefined)) return;
  guest = await buildGuestImage({
    directory: await (await openStateDirectory()).directory('guest'),
    report: () => undefined,
  });
  const settings = {
    IMPRINT_SECRET_NODE_SSH_KEY: await readFile(guest.privateKey, 'utf8'),
    IMPRINT_SECRET_AUTHORIZED_KEYS: await readFile(guest.publicKey, 'utf8'),
  };
  double = await createXcatDouble();
  closers.push(double.close);
  machines = await createXcatMachines(double, guest);
  closers.push(machines.stop);
  imprint = await startImprint({ settings });
  closers.push(imprint.stop);
  const { catalog } = imprint;
  await catalog.provisioningSystems.allow('mn-test', 'xcat');
  await catalog.operatingSystems.register({ name: 'debian12', module: 'linux', installType: 'archive' });
  await catalog.operatingSystems.allowInstallType('xcat', 'archive');
  await imprint.startWorkerHere();
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});
beforeEach((context) => skipWithout(context, ...needs));

const addNode = async (name: string, disk: 'guest' | 'empty'): Promise<string> => {
  const node = double.node(name);
  await double.addNode(node);
  const sshPort = await machines.add(node, disk);
  await imprint.catalog.computers.add({
    name: node,
    managementNode: 'mn-test',
    provisioningSystem: 'xcat',
    address: '127.0.0.1',
    sshPort,
    macAddresses: [],
    memoryMiB: 512,
    cpus: 1,
    hostKeys: [machines.hostKey],
    settings: { ...xcatSettings(double, 'repository'), pollSeconds: 1, confirmSeconds: 60, load },
  });
  return node;
};
const load = { bootTarget: 'deploy', noChangeSeconds: 900 };

const shellTo = async (node: string): Promise<ClosableShell> => {
  const { address, sshPort: port, hostKeys = [] } = await imprint.catalog.computers.get(node);
  const privateKey = async (): Promise<string> => await readFile(guest.privateKey, 'utf8');
  return createSshShell({ address, port, user: 'root', privateKey, hostKeys, connectTimeoutMs: 60_000 });
};
const onNode = async (node: string, file: string, args: readonly string[]): Promise<string> => {
  const shell = await shellTo(node);
  try {
    return (await shell.run(file, args, { ...inGuest, allowedExitCodes: [0, 1] })).stdout.trim();
  } finally {
    await shell.close();
  }
};

describe('a real machine that xCAT drives', () => {
  it('is sealed, imaged by the environment of its site, and another one is loaded with it until READY', async () => {
    const source = await addNode('source', 'guest');
    await (await imprint.client.power({ node: source, action: 'on' })).result();
    await untilReachable(source);
    await onNode(source, 'sh', ['-c', 'echo kept >/srv/kept; echo typed >/root/.bash_history; useradd -m student']);
    const asked = { node: source, image: 'real', operatingSystem: 'debian12', author: 'test' };
    await (await imprint.client.startCapture(asked)).result();
    const [revision] = await imprint.catalog.revisions.list('real');
    expect(revision?.manifest).toMatchObject({ disks: [{ format: 'archive' }], cleanShutdown: { kind: 'clean' } });
    // Its own seal powered it off, and it was imaged without its system running again.
    const events = (await double.events()).filter((event) => event.startsWith(`${source} `));
    expect(events).toEqual(
      ['on', 'boot', 'shutdown', 'on', 'imaging real-v1', 'off'].map((event) => `${source} ${event}`),
    );

    const target = await addNode('target', 'empty');
    expect(await (await imprint.client.startLoad({ node: target, image: 'real' })).result()).toMatchObject({
      found: 'RELOAD',
    });
    expect(await imprint.client.nodeStatus(target)).toMatchObject({
      status: 'READY',
      ssh: true,
      rpower: { value: 'on' },
      nodeset: 'boot',
      nodetype: 'real-v1',
      currentimage: 'real-v1',
    });
    expect(await onNode(target, 'cat', ['/srv/kept'])).toBe('kept');
    expect(await onNode(target, 'find', ['/home', '/root', '-name', 'student', '-o', '-name', '.bash_history'])).toBe(
      '',
    );

    // The BMC reads what the machine is, and its power goes with rpower.
    await onNode(target, 'sh', ['-c', 'systemctl poweroff --no-block']).catch(() => '');
    const read = async () => (await imprint.client.nodeStatus(target)).rpower?.value;
    await expect.poll(read, { timeout: 180_000, interval: 1_000 }).toBe('off');
    expect(await double.events()).toContain(`${target} shutdown`);
  });
});

async function untilReachable(node: string): Promise<void> {
  await expect
    .poll(() => onNode(node, 'echo', ['here']).catch(String), { timeout: 600_000, interval: 1_000 })
    .toBe('here');
}
