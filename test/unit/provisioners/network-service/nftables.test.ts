import { describe, expect, it } from 'vitest';
import { nftablesService } from '../../../../src/provisioners/network-service/nftables.ts';
import { recorded } from '../../../support/recorded.ts';

const settings = {
  service: 'nftables',
  host: { kind: 'local' },
  stateDirectory: '/var/lib/imprint',
  file: '/etc/nftables.conf',
} as const;
const whole = nftablesService(settings);
const some = nftablesService({ ...settings, tables: ['ip nat'], file: '/etc/nftables.d/imprint.nft' });
const listed = recorded('nft/ruleset-stateless.out');

describe('a rule set of nftables', () => {
  it('leaves out elements that packets add or that go by themselves, and keeps those that are configured', () => {
    const image = whole.imageOf(listed);
    expect(image).not.toMatch(/192\.0\.2\.|1\.2\.3\.4/);
    expect(image).toContain('elements = { 10.0.0.0/8, 192.168.0.0/16 }');
    expect(image).toContain('flags dynamic,timeout\n\t\ttimeout 5m\n\t}');
    expect(whole.imageOf(image)).toBe(image);
  });

  it('is applied in one transaction with the removal of all that the image owns, since nft -f only adds', () => {
    expect(whole.compose('table ip nat {\n}\n', '')).toBe('#!/usr/sbin/nft -f\nflush ruleset\ntable ip nat {\n}\n');
    expect(some.compose('table ip nat {\n}\n', '')).toBe(
      '#!/usr/sbin/nft -f\ntable ip nat\ndelete table ip nat\ntable ip nat {\n}\n',
    );
  });

  it('is only those tables that the settings name, and refuses an image with others', () => {
    const image = some.imageOf(listed);
    expect(image).toMatch(/^table ip nat \{\n/);
    expect(image).not.toContain('inet filter');
    const definition = { service: 'nftables', parts: [], traits: {} };
    const seen = { running: listed, census: '' };
    expect(some.misfits({ text: image, definition }, seen)).toEqual([]);
    expect(some.misfits({ text: whole.imageOf(listed), definition }, seen)).toEqual([
      expect.stringContaining('inet filter'),
    ]);
  });

  it('is put back with its counters and elements', () => {
    const saved = recorded('nft/ruleset.out');
    expect(whole.recompose(saved)).toBe(`flush ruleset\n${saved}`);
    expect(some.recompose(saved)).not.toContain('inet filter');
  });
});
