import { describe, expect, it } from 'vitest';
import { readSettings, settingsProblems } from '../../../../src/provisioners/network-service/settings.ts';
import { serviceComputer } from '../../../support/network-service-fixture.ts';

const problemsOf = (settings: Readonly<Record<string, unknown>>) => settingsProblems(serviceComputer('r1', settings));

describe('the settings of a service', () => {
  it('need only the kind', () => {
    expect(problemsOf({ service: 'frr' })).toEqual([]);
    expect(readSettings(serviceComputer('r1', { service: 'nftables' }))).toMatchObject({
      host: { kind: 'local' },
      file: '/etc/nftables.conf',
    });
  });

  it('are refused for a kind that there is not, for what another kind has, and for a host without pinned keys', () => {
    expect(problemsOf({ service: 'bind' })).toMatchObject([{ where: 'settings.service' }]);
    expect(problemsOf({ service: 'nftables', pathspace: 'r1' })).toMatchObject([{ where: 'settings' }]);
    const host = { kind: 'ssh', address: 'r1', keySecret: 'k', hostKeys: [] };
    expect(problemsOf({ service: 'frr', host })).toMatchObject([{ where: 'settings.host.hostKeys' }]);
  });

  it('name no other management node where the host of the service is the management node itself', () => {
    const reached = (host: Readonly<Record<string, unknown>>) =>
      settingsProblems({ ...serviceComputer('r1', { service: 'frr', host }), alsoReachedBy: ['mn-b'] });
    expect(reached({ kind: 'local' })).toMatchObject([{ where: 'alsoReachedBy' }]);
    const host = { kind: 'ssh', address: 'r1', keySecret: 'k', hostKeys: ['ssh-ed25519 AAAA'] };
    expect(reached(host)).toEqual([]);
  });

  it('do not let some tables overwrite the file of all of them', () => {
    expect(problemsOf({ service: 'nftables', tables: ['inet filter'] })).toMatchObject([{ where: 'settings.file' }]);
    expect(problemsOf({ service: 'nftables', tables: ['inet filter'], file: '/etc/nftables.d/x.nft' })).toEqual([]);
  });
});
