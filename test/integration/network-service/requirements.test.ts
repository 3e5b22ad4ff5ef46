import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Computer } from '../../../src/domain/computer.ts';
import { createServiceHost, serviceComputer, type ServiceHost } from '../../support/network-service-fixture.ts';
import { startRouter, type Router } from '../../support/router.ts';
import { skipWithout, whyUnavailable } from '../../support/unavailable.ts';

let host: ServiceHost;
let router: Router;
const isHere = whyUnavailable('networkService') === undefined;
beforeAll(async () => {
  if (isHere) [host, router] = await Promise.all([createServiceHost(), startRouter(['zebra', 'staticd'])]);
});
beforeEach((context) => skipWithout(context, 'networkService'));
afterAll(async () => {
  if (isHere) await Promise.all([host.remove(), router.close()]);
});

const found = async (...computers: readonly Computer[]) => {
  const { provisioner, library, context } = host;
  const observe = async () => await Promise.resolve({ ssh: false, reason: 'not asked' });
  return await provisioner.requirements?.({ computers, library, observe }, context);
};
const frr = (settings: object) => serviceComputer('edge', { service: 'frr', pathspace: router.name, ...settings });

it('finds the programs of each kind on their host, and says which parts of a service run', async () => {
  const filter = serviceComputer('filter', { service: 'nftables' });
  const all = await found(frr({}), filter);
  expect(all).toMatchObject([
    { where: 'host mn-test', what: 'vtysh', ok: true },
    { where: 'host mn-test', what: '/usr/lib/frr/frr-reload.py', ok: true },
    { where: 'host mn-test', what: 'nft', ok: true },
    { where: 'edge', what: `FRR ${router.name}`, ok: true, found: 'it answers; zebra, staticd run' },
    { where: 'filter', what: 'nftables', ok: true, found: 'it answers' },
  ]);
});

it('says which package brings what is missing, and which service does not answer', async () => {
  const all = await found(frr({ programs: '/nonexistent' }), frr({ pathspace: 'nobody-has-this' }));
  expect(all?.filter(({ ok }) => !ok)).toMatchObject([
    { what: '/nonexistent/frr-reload.py', remedy: 'on host mn-test: apt-get install frr-pythontools' },
    { where: 'edge', what: 'FRR nobody-has-this', found: expect.stringContaining('vtysh says') as unknown },
  ]);
});
