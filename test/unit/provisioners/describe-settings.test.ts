import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeSettings } from '../../../src/provisioners/describe-settings.ts';

describe('what a schema says of its settings', () => {
  it('is name, type, default, whether it must be given, and what it is for', () => {
    const schema = z
      .strictObject({
        directory: z.string().describe('where it lies'),
        port: z.int().default(22),
        speed: z.number().positive().exactOptional().describe('how fast'),
        fast: z.boolean().default(false),
        bus: z.enum(['ide', 'scsi']).default('ide'),
      })
      .refine(() => true);
    expect(describeSettings(schema)).toEqual([
      { name: 'directory', type: 'text', required: true, purpose: 'where it lies' },
      { name: 'port', type: 'whole number', required: false, default: 22, purpose: '' },
      { name: 'speed', type: 'number', required: false, purpose: 'how fast' },
      { name: 'fast', type: 'true | false', required: false, default: false, purpose: '' },
      { name: 'bus', type: '"ide" | "scsi"', required: false, default: 'ide', purpose: '' },
    ]);
    expect(describeSettings(z.strictObject({}))).toEqual([]);
  });

  it('names what stands in lists and objects by its path, and under which choice it counts', () => {
    const schema = z.strictObject({
      disks: z.array(z.strictObject({ name: z.string() })).prefault([{ name: 'vda' }]),
      host: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('local') }),
        z.strictObject({ kind: z.literal('ssh'), address: z.string() }),
      ]),
      library: z.union([z.literal('same'), z.strictObject({ sharedAt: z.string() })]).default('same'),
    });
    const found = describeSettings(schema).map(({ name, type, only }) => [name, type, ...(only ? [only] : [])]);
    expect(found).toEqual([
      ['disks', 'list of { name }'],
      ['disks[].name', 'text'],
      ['host', '{ kind: "local" } | { kind: "ssh", address }'],
      ['host.address', 'text', 'host.kind is "ssh"'],
      ['library', '"same" | { sharedAt }'],
      ['library.sharedAt', 'text'],
    ]);
  });

  it('names the setting that chooses first, what all choices have once, and the rest under its choice', () => {
    const common = { directory: z.string() };
    const schema = z.discriminatedUnion('service', [
      z.strictObject({ service: z.literal('frr').describe('which service'), ...common, programs: z.string() }),
      z.strictObject({ service: z.literal('nftables'), ...common, file: z.string() }).refine(() => true),
    ]);
    const found = describeSettings(schema).map(({ name, type, only }) => [name, type, ...(only ? [only] : [])]);
    expect(found).toEqual([
      ['service', '"frr" | "nftables"'],
      ['directory', 'text'],
      ['programs', 'text', 'service is "frr"'],
      ['file', 'text', 'service is "nftables"'],
    ]);
  });

  it('names what several choices inside of a setting share once, with all of them', () => {
    const schema = z.strictObject({
      power: z
        .discriminatedUnion('kind', [
          z.strictObject({
            kind: z.literal('ipmi'),
            user: z.string().describe('account'),
            port: z.int().default(623).describe('of the controller'),
            rest: z.number(),
          }),
          z.strictObject({ kind: z.literal('redfish'), user: z.string().describe('account'), rest: z.number() }),
          z.strictObject({
            kind: z.literal('wake-on-lan'),
            port: z.int().default(9).describe('of the packet'),
            rest: z.number(),
          }),
        ])
        .optional(),
    });
    expect(describeSettings(schema).slice(1)).toEqual([
      { name: 'power.rest', type: 'number', required: true, purpose: '' },
      {
        name: 'power.user',
        type: 'text',
        required: true,
        purpose: 'account',
        only: 'power.kind is "ipmi" or "redfish"',
      },
      {
        name: 'power.port',
        type: 'whole number',
        required: false,
        purpose: '"ipmi": of the controller (default 623); "wake-on-lan": of the packet (default 9)',
        only: 'power.kind is "ipmi" or "wake-on-lan"',
      },
    ]);
  });
});
