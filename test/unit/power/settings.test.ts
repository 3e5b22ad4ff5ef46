import { describe, expect, it } from 'vitest';
import { powerSettings } from '../../../src/power/settings.ts';

const problemsOf = (settings: object): readonly string[] =>
  (powerSettings.safeParse(settings).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

const redfish = { kind: 'redfish', url: 'https://192.0.2.8', user: 'admin', passwordSecret: 'bmc' };
const ipmi = { kind: 'ipmi', address: '192.0.2.7', user: 'admin', passwordSecret: 'bmc' };

describe('the setting power', () => {
  it('has defaults for all that a controller does not differ in', () => {
    expect(powerSettings.parse(ipmi)).toMatchObject({ port: 623, privilege: 'ADMINISTRATOR', restSeconds: 5 });
    expect(powerSettings.parse(redfish)).toMatchObject({ authentication: 'basic', confirmSeconds: 300 });
    expect(powerSettings.parse({ kind: 'wake-on-lan' })).toMatchObject({ broadcast: '255.255.255.255', port: 9 });
  });

  it('holds the name of a password, and never the password', () => {
    expect(problemsOf({ ...ipmi, password: 'sesame' })).not.toEqual([]);
    expect(problemsOf({ ...ipmi, passwordSecret: 'Sesame!' })).toEqual([
      'passwordSecret: expected the name of a secret',
    ]);
  });

  it('is refused with http, unless it says that it is meant so', () => {
    const plain = { ...redfish, url: 'http://192.0.2.8' };
    expect(problemsOf(plain)).toEqual([expect.stringContaining('url: expected https')]);
    expect(problemsOf({ ...plain, insecure: 'http' })).toEqual([]);
  });

  it('is refused with what would be an option of ipmitool, and with two ways to verify a certificate', () => {
    expect(problemsOf({ ...ipmi, address: '-v' })).toEqual(['address: expected a host name or an IP address']);
    expect(problemsOf({ ...ipmi, user: '-f/etc/shadow' })).not.toEqual([]);
    const pin = Array<string>(32).fill('ab').join(':');
    const both = { ...redfish, certificateFingerprint: pin, ca: '-----BEGIN CERTIFICATE-----' };
    expect(problemsOf(both)).toEqual([expect.stringContaining('not both')]);
  });
});
