import { describe, expect, it } from 'vitest';
import { hostKeysOnConsole } from '../../../../src/os/linux/first-boot.ts';

const first = 'a32bb08b1fd34a7c93a2e30b784507d0';
const second = 'b32bb08b1fd34a7c93a2e30b784507d1';
const ed25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICgBTvs099X+tYiOtW2TBJVLinv3EviYCAQngMm9qmJ3';
const ecdsa = 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY=';

function block(boot: string, keys: readonly string[]): string {
  const lines = keys.map((key) => `IMPRINT-HOST-KEY ${boot} ${key} ;\n`);
  return `\nIMPRINT-HOST-KEYS-BEGIN ${boot} ${String(keys.length)}\n${lines.join('')}IMPRINT-HOST-KEYS-END ${boot}\n`;
}

describe('host keys on a serial console', () => {
  it('are those between the marks', () => {
    expect(hostKeysOnConsole(`booting\n${block(first, [ed25519, ecdsa])}login: `)).toEqual([ed25519, ecdsa]);
  });

  it('are read with the line ends that a serial line has', () => {
    expect(hostKeysOnConsole(block(first, [ed25519]).replaceAll('\n', '\r\n'))).toEqual([ed25519]);
  });

  it('are those of the newest boot', () => {
    const text = block(first, [ecdsa]) + block(first, [ecdsa]) + block(second, [ed25519]);

    expect(hostKeysOnConsole(text)).toEqual([ed25519]);
  });

  it('stay unknown while the newest boot has not printed them all, whatever an earlier one printed', () => {
    const begun = block(second, [ed25519, ecdsa]);

    expect(hostKeysOnConsole(block(first, [ecdsa]) + begun.slice(0, begun.indexOf('END')))).toBeUndefined();
  });

  it('survive a message of the kernel between lines, and one within a line of the first copy', () => {
    const whole = block(first, [ed25519, ecdsa]);
    const damaged = whole.replace('AAAAC3Nz', 'AAAA[    3.14] random: crng init done\nC3Nz');

    expect(hostKeysOnConsole(whole.replace('ecdsa', '[    3.1] usb 1-1: new device\necdsa'))).toBeUndefined();
    expect(hostKeysOnConsole(whole.replace(' ;\n', ' ;\n[    3.1] usb 1-1: new device\n'))).toEqual([ed25519, ecdsa]);
    expect(hostKeysOnConsole(damaged)).toBeUndefined();
    expect(hostKeysOnConsole(damaged + whole)).toEqual([ecdsa, ed25519]);
  });

  it('are not read from a line that was cut short', () => {
    expect(hostKeysOnConsole(block(first, [ed25519]).replace('9qmJ3 ;', ''))).toBeUndefined();
  });

  it.each(['', 'no marks at all', block(first, [])])('are unknown in %j', (text) => {
    expect(hostKeysOnConsole(text)).toBeUndefined();
  });
});
