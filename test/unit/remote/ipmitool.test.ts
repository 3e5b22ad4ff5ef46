import { describe, expect, it } from 'vitest';
import { CommandFailedError, errorChain, UnavailableError } from '../../../src/domain/errors.ts';
import { createIpmitool, ipmitoolError, parseBootFlags, parsePowerStatus } from '../../../src/remote/ipmitool.ts';
import type { CommandResult, RunOptions, Shell } from '../../../src/remote/shell.ts';
import { recorded } from '../../support/recorded.ts';

const failed = (stderr: string): CommandResult => ({
  command: 'ipmitool',
  exitCode: 1,
  stdout: '',
  stderr,
  durationMs: 1,
});

describe('what ipmitool reads', () => {
  it('is on, off, or not understood', () => {
    expect(parsePowerStatus(recorded('ipmitool/power-on.out'))).toEqual({ on: true, raw: 'Chassis Power is on' });
    expect(parsePowerStatus(recorded('ipmitool/power-off.out')).on).toBe(false);
    expect(parsePowerStatus('Chassis Power is levitating\n')).toMatchObject({ on: undefined });
  });

  it('are the boot flags, by their bytes', () => {
    expect(parseBootFlags(recorded('ipmitool/boot-pxe-once.out'))).toMatchObject({ device: 1, persistent: false });
    expect(parseBootFlags(recorded('ipmitool/boot-none.out'))).toMatchObject({ device: 0, persistent: false });
    expect(parseBootFlags(' Boot parameter data: e008000000')).toMatchObject({ device: 2, persistent: true });
    expect(() => parseBootFlags('Boot parameter 5 is invalid/locked')).toThrow(CommandFailedError);
  });
});

describe('an error of ipmitool', () => {
  it('says whether the password is wrong or nothing answers, for which ipmitool prints the same without -v', () => {
    const chains = ['wrong-password', 'no-controller'].map((name) =>
      errorChain(ipmitoolError('read', failed(recorded(`ipmitool/${name}.err`)))),
    );
    expect(chains[0]).toContain('the password is wrong');
    expect(chains[1]).toContain('nothing answers there');
    const bare = ipmitoolError('read', failed('Error: Unable to establish IPMI v2 / RMCP+ session'));
    expect(bare).toBeInstanceOf(UnavailableError);
    expect(bare.message).toContain('nothing answers, or user and password are refused');
  });

  it('is not taken from what a login that goes well prints', () => {
    const warnings = recorded('ipmitool/power-on.err').replace('Invalid command', 'Insufficient privilege level');
    expect(ipmitoolError('read', failed(`${warnings}something new`))).toBeInstanceOf(CommandFailedError);
  });
});

describe('calling ipmitool', () => {
  it('gives the password by the environment, and sends what acts only once', async () => {
    const calls: { args: readonly string[]; options: RunOptions }[] = [];
    const shell = {
      host: 'test',
      run: async (_file: string, args: readonly string[], options: RunOptions) => {
        calls.push({ args, options });
        return { ...failed(''), exitCode: 0, stdout: recorded('ipmitool/power-on.out') };
      },
    } as unknown as Shell;
    const target = { address: '192.0.2.7', port: 623, user: 'admin', privilege: 'OPERATOR', cipherSuite: 3 } as const;
    const ipmitool = createIpmitool(shell, { ...target, password: async () => 'sesame' });
    const { signal } = new AbortController();
    expect((await ipmitool.powerStatus(signal)).on).toBe(true);
    await ipmitool.control('off', signal);
    await ipmitool.setBootDevice('pxe', ['persistent', 'efiboot'], signal);
    const lines = calls.map(({ args }) => args.join(' '));
    expect(lines.join('\n')).not.toContain('sesame');
    expect(calls.map(({ options }) => options.env)).toEqual(Array(3).fill({ IPMI_PASSWORD: 'sesame' }));
    expect(lines[0]).toContain('-v -I lanplus -H 192.0.2.7 -p 623 -U admin -E -L OPERATOR -C 3');
    expect(lines[1]).toMatch(/-R 1 chassis power off$/);
    expect(lines[2]).toMatch(/-R 1 chassis bootdev pxe options=persistent,efiboot$/);
  });

  it('has boot flags kept for longer than 60 s, and goes on where a controller refuses that', async () => {
    const sent: string[] = [];
    const shell = {
      host: 'test',
      run: async (_file: string, args: readonly string[]) => {
        sent.push(args.slice(args.indexOf('raw')).join(' '));
        return failed(
          'Unable to send RAW command (channel=0x0 netfn=0x0 lun=0x0 cmd=0x8 rsp=0xcc): Invalid data field',
        );
      },
    } as unknown as Shell;
    const target = { address: '192.0.2.7', port: 623, user: 'admin', privilege: 'OPERATOR' } as const;
    const ipmitool = createIpmitool(shell, { ...target, password: async () => 'sesame' });
    const { signal } = new AbortController();
    await ipmitool.keepBootFlags(signal);
    expect(sent).toEqual(['raw 0x00 0x08 0x03 0x08']);
    // The control: what was refused is a failure elsewhere.
    await expect(ipmitool.setBootDevice('pxe', [], signal)).rejects.toThrow();
  });
});
