import { describe, expect, it } from 'vitest';
import { frrService } from '../../../../src/provisioners/network-service/frr.ts';
import { recorded } from '../../../support/recorded.ts';

const service = frrService({
  service: 'frr',
  host: { kind: 'local' },
  stateDirectory: '/var/lib/imprint',
  pathspace: 'r1',
  programs: '/usr/lib/frr',
  daemons: [],
});
const running = recorded('vtysh/running.out');
const census = recorded('vtysh/daemons.out');
const image = service.imageOf(running);
const imageWith = (text: string, traits = {}) => ({ text, definition: { service: 'frr', parts: [], traits } });

describe('the configuration of FRR', () => {
  it('is the same bytes whether it runs or lies in frr.conf, without what belongs to the host', () => {
    expect(service.imageOf(recorded('vtysh/frr-conf.out'))).toBe(image);
    expect(image).not.toMatch(/hostname|forwarding|^log|^frr |^end|^!\n!/m);
    expect(image).toMatch(/^ip route 10\.99\.0\.0\/16 blackhole\n!\n/);
    expect(service.imageOf(image)).toBe(image);
  });

  it('is empty where nothing was configured', () => {
    expect(service.imageOf(recorded('vtysh/running-empty.out'))).toBe('');
  });

  it('is given to a host with what is the host’s own', () => {
    const other = running.replace('no ip forwarding\n', '').replace('hostname vm', 'hostname other');
    const composed = service.compose(image, other);
    expect(composed).toContain('hostname other\n');
    expect(composed).not.toContain('\nno ip forwarding\n');
    expect(service.imageOf(composed)).toBe(image);
  });

  it('is refused where a daemon does not run, since FRR takes its lines, says 0 and applies none of them', () => {
    const rip = imageWith('router rip\n network 10.0.0.0/8\nexit\n');
    expect(service.misfits(rip, { running, census })).toEqual([expect.stringMatching(/^ripd does not run/)]);
    expect(service.misfits(imageWith(image), { running, census })).toEqual([]);
    expect(service.misfits(imageWith(image), { running, census: ' zebra staticd' })).toHaveLength(2);
  });

  it('is not whole where a daemon does not run that frr.conf has lines for, or that the settings name', () => {
    const persisted = `${recorded('vtysh/frr-conf.out')}\nrouter rip\n network 10.0.0.0/8\nexit\n`;
    expect(service.stopped?.(persisted, { running, census })).toEqual([
      'ripd does not run, and frr.conf has lines of it: what runs lacks its lines, and so would the image; start it, or take it out there',
    ]);
    // The control: what runs is all that frr.conf has.
    expect(service.stopped?.(recorded('vtysh/frr-conf.out'), { running, census })).toEqual([]);
    expect(service.stopped?.('', { running, census: ' zebra' })).toEqual([]);
    const settings = { service: 'frr', host: { kind: 'local' }, stateDirectory: '/s', programs: '/p' } as const;
    const expecting = frrService({ ...settings, daemons: ['bfdd'] });
    expect(expecting.stopped?.('', { running, census })).toEqual([
      expect.stringContaining('settings.daemons names it'),
    ]);
  });

  it('is refused where other defaults give its lines another meaning', () => {
    const datacenter = imageWith(image, { defaults: 'datacenter' });
    expect(service.misfits(datacenter, { running, census })).toEqual([expect.stringContaining('traditional')]);
    expect(service.define({ running, census })).toEqual({
      service: 'frr',
      parts: ['zebra', 'ospfd', 'bgpd', 'staticd'],
      traits: { defaults: 'traditional', version: '8.4.4' },
    });
  });

  it('shows no password and no key', () => {
    const shown = running.split('\n').map(service.redact).join('\n');
    expect(shown).toContain('neighbor 192.0.2.2 password …');
    expect(shown).toContain('ip ospf message-digest-key 1 md5 …');
    expect(shown).not.toMatch(/secret/);
    expect(service.redact(recorded('vtysh/check-refused.out'))).not.toContain('secret');
    const ospf6 = ' ipv6 ospf6 authentication key-id 1 hash-algo md5 key secret';
    expect(service.redact(ospf6)).toBe(' ipv6 ospf6 authentication key-id 1 hash-algo md5 key …');
  });

  it('has something left to apply exactly where the check run lists lines', () => {
    const { rest } = service;
    expect(rest?.restOf(recorded('frr-reload/test-empty.out'))).toBeUndefined();
    expect(rest?.restOf(recorded('frr-reload/test-lines.out'))).toContain('Lines To Add; no ip route');
    expect(rest?.restOf(recorded('frr-reload/test-lines.out'))).not.toContain('secret');
  });
});
