import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeStatus } from '../../../src/cli/commands/status.ts';
import { readManifest } from '../../../src/library/manifest.ts';
import { createLocalShell } from '../../../src/remote/local-shell.ts';
import type { ImprintOptions, TestImprint } from '../../support/imprint.ts';
import { withImprint } from '../../support/imprint-suite.ts';
import { configuredByHand, ruleSet, startFilter, type Filter } from '../../support/network-service-fixture.ts';
import { startRouter, type Router } from '../../support/router.ts';
import { failureOf, untilCancelWasSeen } from '../../support/runs.ts';
import { addService, introduceServices } from '../../support/service-nodes.ts';
import { startSshd, type Sshd } from '../../support/sshd.ts';
import { createTampering, type Tampering } from '../../support/tampering.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

let imprint: TestImprint;
let tampering: Tampering;
let sshd: Sshd;
const started: { stop(): Promise<void> }[] = [];
let routers: readonly Router[] = [];
const filters: Filter[] = [];

const isHere = whyUnavailable('networkService') === undefined && whyUnavailable('ssh') === undefined;

beforeAll(async () => {
  if (!isHere) return;
  sshd = await startSshd();
  started.push(sshd);
  routers = await Promise.all([startRouter(), startRouter()]);
});
beforeEach((context) => skipWithout(context, 'networkService', 'ssh'));
const options: ImprintOptions = {
  get settings() {
    return isHere ? { IMPRINT_SECRET_ROUTER_KEY: sshd.privateKey } : {};
  },
};
withImprint(async (running) => {
  imprint = running;
  tampering = createTampering();
  await introduceServices(imprint);
  await imprint.startWorkerHere(tampering.around);
}, options);
afterAll(async () => {
  await Promise.all([...routers, ...filters].map(async (one) => await one.close()));
  for (const one of started) await one.stop();
});

const overSsh = () => {
  const { port, hostKeys } = sshd;
  return { kind: 'ssh', address: '127.0.0.1', port, keySecret: 'router-key', hostKeys };
};

const filterNode = async (rules: string): Promise<Filter & { readonly file: string }> => {
  const filter = await startFilter(rules);
  filters.push(filter);
  const file = join(dirname(imprint.library), `${filter.namespace}.conf`);
  await addService(imprint, filter.namespace, { service: 'nftables', namespace: filter.namespace, file });
  return { ...filter, file };
};

const stepsOf = async (run: string) =>
  (await imprint.catalog.runs.steps(run)).map(({ number, state }) => `${number} ${state}`);

describe('a router', () => {
  it('is captured over SSH while it runs, loaded onto another, found drifted, and loaded again', async () => {
    const [source, target] = routers as readonly [Router, Router];
    await source.configure(...configuredByHand);
    await target.configure('ip forwarding', 'ip route 10.1.0.0/16 blackhole');
    await addService(imprint, source.name, { service: 'frr', pathspace: source.name, host: overSsh() });
    const restart = [target.restartProgram];
    await addService(imprint, target.name, { service: 'frr', pathspace: target.name, restart });
    const before = await source.running();

    const preview = await imprint.client.planCapture({ node: source.name, image: 'edge', operatingSystem: 'frr' });
    expect(preview.check.problems).toEqual([]);
    expect(preview.steps.map(({ id }) => id)).toEqual(['read-configuration', 'check-configuration']);

    const capture = await imprint.client.startCapture({ node: source.name, image: 'edge', operatingSystem: 'frr' });
    await capture.result();
    expect(await source.running()).toBe(before);
    expect((await imprint.catalog.computers.get(source.name)).state).toBe('available');
    const [revision] = await imprint.catalog.revisions.list('edge');
    expect(revision?.manifest).toMatchObject({
      imageClass: 'service',
      cleanShutdown: { kind: 'none' },
      sealChecks: [],
      disks: [{ name: 'frr', file: 'frr.conf', format: 'configuration' }],
    });
    const place = { name: 'mn-test', root: imprint.library, shell: createLocalShell() };
    const context = { signal: AbortSignal.timeout(60_000), progress: () => undefined };
    const published = await readManifest(place, join(imprint.library, 'edge-v1'), context);
    expect(published.imageClass).toBe('service');

    const nothing = await imprint.client.nodeStatus(target.name);
    expect(nothing).toMatchObject({
      status: 'RELOAD',
      reasons: { status: expect.stringContaining('nothing is recorded') },
    });

    const load = await imprint.client.startLoad({ node: target.name, image: 'edge' });
    expect((await load.result()).found).toBe('RELOAD');
    expect(withoutHost(await target.running())).toBe(withoutHost(before));
    expect(before).toContain('\nno ip forwarding\n');
    expect(await target.running()).not.toContain('\nno ip forwarding\n');
    expect(withoutHost(`${await target.persisted()}end\n`)).toBe(withoutHost(before));
    expect((await stepsOf(load.id)).filter((step) => /^(4|6\.\d) /.test(step))).toEqual([]);
    const loaded = await imprint.client.nodeStatus(target.name);
    expect(loaded).toMatchObject({ status: 'READY', currentimage: 'edge-v1', nodetype: 'edge-v1' });

    await target.configure(
      'no ip route 10.99.0.0/16 blackhole',
      'router bgp 65001',
      'neighbor 192.0.2.2 password other',
    );
    const drifted = await imprint.client.nodeStatus(target.name);
    expect(drifted.status).toBe('RELOAD');
    expect(drifted.currentimage).toBeUndefined();
    const shown = describeStatus(target.name, drifted);
    expect(shown).toContain(`FRR ${target.name} does not run edge-v1: 3 lines missing, 1 line too many`);
    expect(shown).toContain('    - ip route 10.99.0.0/16 blackhole');
    expect(shown).toContain('    +  neighbor 192.0.2.2 password …');
    expect(JSON.stringify(drifted)).not.toMatch(/do-not-tell|password other/);

    await (await imprint.client.startLoad({ node: target.name, image: 'edge' })).result();
    expect(withoutHost(await target.running())).toBe(withoutHost(before));
    expect(await imprint.client.nodeStatus(target.name)).toMatchObject({ status: 'READY' });
    const again = await imprint.client.startLoad({ node: target.name, image: 'edge' });
    expect((await again.result()).found).toBe('READY');
    const history = JSON.stringify(await imprint.temporal.workflow.getHandle(load.id).fetchHistory());
    expect(history).not.toContain('do-not-tell');
  });

  it('runs and starts with what it did before when it turns out after the restart that something is wrong', async () => {
    const target = routers[1] as Router;
    await target.configure('ip route 10.3.0.0/16 blackhole');
    const before = [await target.running(), await target.persisted()];
    const call = 'provisioner().loading.steps.proveRestarted.act';
    tampering.fail({ node: target.name, activity: 'carryOutLoadStep', call, when: 'before' }, { times: 1 });
    const failure = await failureOf(await imprint.client.startLoad({ node: target.name, image: 'edge' }));
    expect(failure.message).toContain('refused by the test');
    expect([await target.running(), await target.persisted()]).toEqual(before);
  });
});

describe('a packet filter', () => {
  it('goes on where it was after its capture, READY with what was captured, and is loaded elsewhere', async () => {
    const [source, target] = [await filterNode(ruleSet), await filterNode('table ip old {\n}\n')];
    const capture = await imprint.client.startCapture({
      node: source.namespace,
      image: 'filter',
      operatingSystem: 'nftables',
      after: 'powerOn',
    });
    await capture.result();
    expect((await imprint.catalog.computers.get(source.namespace)).state).toBe('inuse');
    expect(await imprint.client.nodeStatus(source.namespace)).toMatchObject({
      status: 'READY',
      currentimage: 'filter-v1',
    });

    await (await imprint.client.startLoad({ node: target.namespace, image: 'filter' })).result();
    const listed = await target.nft(['-s', 'list', 'ruleset']);
    expect(listed).toBe(await source.nft(['-s', 'list', 'ruleset']));
    await target.nft(['flush', 'ruleset']);
    expect(await imprint.client.nodeStatus(target.namespace)).toMatchObject({ status: 'RELOAD' });
    // As nftables.service does at boot.
    await target.nft(['-f', target.file]);
    expect(await imprint.client.nodeStatus(target.namespace)).toMatchObject({ status: 'READY' });

    await (await imprint.client.startUnload(target.namespace)).result();
    expect(await target.nft(['list', 'ruleset'])).toBe('');
  });

  const steps = ['keepOutgoing', 'checkWanted', 'apply', 'proveApplied', 'persist', 'noteLoaded'] as const;
  const outgoing = 'table ip old {\n chain c {\n ip daddr 192.0.2.1 counter packets 7 bytes 420 drop\n }\n}\n';
  const afterStep = (node: string, kind: (typeof steps)[number]) => {
    const call = `provisioner().loading.steps.${kind}.act`;
    return { node, activity: 'carryOutLoadStep', call, when: 'after' } as const;
  };

  it('runs what it ran before when a load fails, or is cancelled, at any of its steps', async () => {
    const source = await filterNode(ruleSet);
    const captured = { node: source.namespace, image: 'undone', operatingSystem: 'nftables' };
    await (await imprint.client.startCapture(captured)).result();
    const failing = async (kind: (typeof steps)[number]): Promise<void> => {
      const target = await filterNode(outgoing);
      const [node, before] = [target.namespace, await target.nft(['list', 'ruleset'])];
      tampering.loseFirstAnswersOfUndos(node);
      tampering.fail(afterStep(node, kind), { times: 1 });
      await failureOf(await imprint.client.startLoad({ node, image: 'undone' }));
      await expectAsBefore(target, before, `${kind} failed`);
    };
    const cancelled = async (kind: (typeof steps)[number]): Promise<void> => {
      const target = await filterNode(outgoing);
      const [node, before] = [target.namespace, await target.nft(['list', 'ruleset'])];
      const held = tampering.hold(afterStep(node, kind));
      const run = await imprint.client.startLoad({ node, image: 'undone' });
      await held.reached;
      await run.cancel();
      await untilCancelWasSeen(imprint, run.id);
      held.release();
      await failureOf(run);
      await expectAsBefore(target, before, `cancelled at ${kind}`);
    };
    await Promise.all(steps.flatMap((kind) => [failing(kind), cancelled(kind)]));
    // The control: what does not fail is loaded.
    const target = await filterNode(outgoing);
    await (await imprint.client.startLoad({ node: target.namespace, image: 'undone' })).result();
    expect(await target.nft(['-s', 'list', 'ruleset'])).toBe(await source.nft(['-s', 'list', 'ruleset']));
  }, 300_000);
});

async function expectAsBefore(filter: Filter & { readonly file: string }, before: string, what: string): Promise<void> {
  expect(await filter.nft(['list', 'ruleset']), what).toBe(before);
  await expect(readFile(filter.file, 'utf8'), what).rejects.toMatchObject({ code: 'ENOENT' });
}

/** What belongs to the host stays as it was on each. */
function withoutHost(running: string): string {
  return running.replace(/^no ip forwarding\n/m, '');
}
