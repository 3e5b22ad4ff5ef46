import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatCurrentImage } from '../../../src/domain/current-image.ts';
import { simulatedSystem, type ImprintOptions, type TestImprint } from '../../support/imprint.ts';
import { withImprint } from '../../support/imprint-suite.ts';
import { startLabMachine, type LabMachine, type Visitor } from '../../support/lab-machine.ts';
import { publishByHand } from '../../support/published-image.ts';
import { failureOf } from '../../support/runs.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

let imprint: TestImprint;
let machine: LabMachine;

const isHere = whyUnavailable('networkService') === undefined && whyUnavailable('ssh') === undefined;
const node = 'lab-07';

beforeAll(async () => {
  if (isHere) machine = await startLabMachine();
});
beforeEach((context) => skipWithout(context, 'networkService', 'ssh'));
const options: ImprintOptions = {
  get settings() {
    return isHere ? { IMPRINT_SECRET_NODE_SSH_KEY: machine.privateKey } : {};
  },
};
withImprint(async (running) => {
  imprint = running;
  if (isHere) await addLabMachine();
}, options);
afterAll(async () => {
  if (isHere) await machine.close();
});

/** The machine says that it is what somebody has installed, and a load confirms it. */
async function addLabMachine(): Promise<void> {
  const { catalog, client } = imprint;
  await catalog.provisioningSystems.allow('mn-test', 'lab');
  // What is on it is prepared by the module for Linux.
  await catalog.operatingSystems.register({ name: simulatedSystem, module: 'linux', installType: 'image' });
  await catalog.operatingSystems.allowInstallType('lab', 'image');
  const { sshPort, hostKeys } = machine;
  const hardware = { macAddresses: [], memoryMiB: 1024, cpus: 1 };
  const settings = { userSshPort: 22 };
  const reached = { address: '127.0.0.1', sshPort, hostKeys, managementNode: 'mn-test' };
  const computer = await catalog.computers.add({
    name: node,
    provisioningSystem: 'lab',
    settings,
    ...reached,
    ...hardware,
  });
  const revision = await publishByHand(imprint, 'base');
  await machine.writeCurrentImage(`${formatCurrentImage(revision, computer)}vcld_post_load=success\n`);
  await imprint.startWorkerHere();
  await (await client.startLoad({ node, image: 'base' })).result();
}

const reserve = async (from: string, more: object = {}) =>
  await imprint.client.startReservation({ node, user: 'jane', from, by: 'test', ...more });
const reclaim = async () => await (await imprint.client.startReclaim({ node })).result();
const getsIn = async (from: Visitor) => (await machine.login(from, 'id', '-un')).stdout === 'jane';

describe('a lab machine', () => {
  it('lets its user in from one address alone, and after a reclaim nobody; the session is ended', async () => {
    // The control: before there is a reservation the site's own rules decide, and there are none.
    expect([await getsIn('home'), await getsIn('elsewhere')]).toEqual([true, true]);

    const run = await reserve(machine.addressOf('home'));
    expect(await run.result()).toMatchObject({ user: 'jane', from: machine.addressOf('home') });

    expect([await getsIn('home'), await getsIn('elsewhere')]).toEqual([true, false]);
    expect(await imprint.catalog.computers.get(node)).toMatchObject({ state: 'inuse' });
    const opened = (await imprint.catalog.runs.steps(run.id)).find(({ number }) => number === '4');
    const managers = expect.arrayContaining([machine.manager]) as unknown;
    expect(opened?.evidence).toMatchObject({ users: [machine.addressOf('home')], managers });

    const session = await machine.openSession('home');
    await reclaim();
    await session.ended;
    expect([await getsIn('home'), await getsIn('elsewhere')]).toEqual([false, false]);
    expect(await imprint.catalog.computers.get(node)).toMatchObject({ state: 'available' });
    expect(await imprint.client.nodeStatus(node)).toMatchObject({ status: 'READY' });
  });

  it('is opened for a network, for another address of the same user, and for nobody else', async () => {
    const network = machine.addressOf('elsewhere').replace(/\d+$/, '0/24');
    await (await reserve(machine.addressOf('home'))).result();
    const other = await imprint.client.startReservation({ node, user: 'joe', from: network });
    expect(await failureOf(other)).toMatchObject({
      reason: 'ConflictError',
      message: expect.stringContaining(`${node} is reserved for jane from`) as unknown,
    });
    expect([await getsIn('home'), await getsIn('elsewhere')]).toEqual([true, false]);

    await (await reserve(network)).result();
    expect([await getsIn('home'), await getsIn('elsewhere')]).toEqual([false, true]);
    const refused = imprint.client.startLoad({ node, image: 'base' });
    await expect(refused).rejects.toThrow(/is reserved for jane .*imprint nodes reclaim lab-07/);
    await reclaim();
  });

  it('keeps the rules of others, and its own in a file for its next start', async () => {
    await machine.inside('nft', 'add table inet site');
    await machine.inside('nft', 'add chain inet site rules');
    await (await reserve(machine.addressOf('home'))).result();
    const before = await machine.inside('nft', 'list table inet imprint');

    // As after a restart, which begins without rules.
    await machine.inside('nft', 'flush ruleset');
    expect(await getsIn('elsewhere')).toBe(true);
    const start = 'sed -n s/^ExecStart=//p /etc/systemd/system/sysinit.target.wants/imprint-ssh-access.service | sh';
    await machine.inside('sh', '-c', start);
    expect(await machine.inside('nft', 'list table inet imprint')).toBe(before);

    await machine.inside('nft', 'add table inet site');
    await reclaim();
    const tables = (await machine.inside('nft', 'list tables')).split('\n').sort();
    expect(tables).toEqual(['table inet imprint', 'table inet site']);
  });

  it('is not handed over where something stands in the way, and is then as it was', async () => {
    const before = await machine.inside('nft', 'list table inet imprint');
    const run = await reserve(machine.addressOf('home'), { user: 'nobody-of-here' });
    expect(await failureOf(run)).toMatchObject({
      reason: 'ConflictError',
      message: expect.stringContaining('there is no account nobody-of-here') as unknown,
    });
    await machine.inside('mv', '/root/currentimage.txt', '/root/kept');
    expect(await failureOf(await reserve(machine.addressOf('home')))).toMatchObject({
      message: expect.stringMatching(/lab-07 is RELOAD: .*; load it first$/) as unknown,
    });
    await machine.inside('mv', '/root/kept', '/root/currentimage.txt');

    expect(await machine.inside('nft', 'list table inet imprint')).toBe(before);
    expect(await imprint.catalog.computers.get(node)).toMatchObject({ state: 'available' });
    expect(await imprint.catalog.nodeReservations.find(node)).toBeUndefined();
  });

  it('is taken back by itself at the end of its time', async () => {
    const until = new Date(Date.now() + 10_000).toISOString();
    const run = await imprint.client.startReservation(
      { node, user: 'jane', from: machine.addressOf('home'), until },
      { requestKey: 'short' },
    );
    await run.result();
    expect(await getsIn('home')).toBe(true);
    await imprint.temporal.workflow.getHandle(`reclaimNode/${node}/end-short`).result();
    expect(await getsIn('home')).toBe(false);
    expect(await imprint.catalog.computers.get(node)).toMatchObject({ state: 'available' });
  });
});
