import { describe, expect, it } from 'vitest';
import { baseAddress, environmentScript, firstScript, unknownScript } from '../../../src/imaging/boot-script.ts';

const offer = {
  ...{ base: 'http://10.0.0.1:8480', api: 'https://10.0.0.1:8443', mac: '52:54:00:00:00:01' },
  ...{ token: 'SECRET', environment: 'c0ffee', kernelParameters: [], now: 1_800_000_000 },
};

/** Where a script can end other than by starting what it has loaded. */
const waysOut = (script: string): readonly string[] => script.match(/^(exit|shell|sanboot|poweroff|reboot).*$/gm) ?? [];

describe('the boot scripts', () => {
  it('send a machine that no order names to its disk', () => {
    expect(waysOut(unknownScript())).toEqual(['exit']);
  });

  it('never fall through to the disk, and end in asking again, while an order is open', () => {
    for (const script of [firstScript(offer.base), environmentScript(offer)]) {
      expect(waysOut(script)).toEqual([]);
      expect(script.trimEnd().split('\n').at(-1)).toMatch(/^goto ask$|\|\| goto wait$/);
    }
  });

  it('hand every line of the environment that can fail to the waiting', () => {
    const lines = environmentScript(offer).split('\n');
    for (const line of lines.filter((text) => /^(kernel|initrd|boot|chain)\b/.test(text)))
      expect(line).toMatch(/\|\| goto wait$/);
  });

  it('give the token, the card, the address and the time on the command line', () => {
    expect(environmentScript(offer)).toContain(
      'imprint.api=https://10.0.0.1:8443 imprint.mac=52:54:00:00:00:01 imprint.address=${netX/ip} imprint.token=SECRET imprint.time=1800000000',
    );
  });

  it("end the command line with the site's own parameters", () => {
    const script = environmentScript({ ...offer, kernelParameters: ['nomodeset', 'console=ttyS1,115200'] });
    expect(script).toContain(' console=ttyS0,115200 nomodeset console=ttyS1,115200 || goto wait\n');
  });

  it('put an IPv6 address into brackets', () => {
    expect(baseAddress('fd00::1', 8480)).toBe('http://[fd00::1]:8480');
  });
});
