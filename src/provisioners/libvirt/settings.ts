import { z } from 'zod';
import type { Computer } from '../../domain/computer.ts';
import { declareSettings } from '../declared-settings.ts';
import { hostSettings, nameOfHost, withReach } from '../host-settings.ts';
import { absolutePath, word } from '../setting-values.ts';

const port = z.int().min(1).max(65_535);

const network = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('user'),
    forwards: z
      .array(z.strictObject({ hostAddress: z.ipv4().default('127.0.0.1'), hostPort: port, guestPort: port }))
      .default([])
      .describe('ports of the host that lead to ports of the guest'),
  }),
  z.strictObject({ kind: z.literal('bridge'), bridge: word.describe('bridge of the host') }),
  z.strictObject({ kind: z.literal('network'), name: word.describe('network of libvirt') }),
]);

const library = z.union([
  z.literal('same path as the management node'),
  z.strictObject({ sharedAt: absolutePath.describe("where the host has mounted the management node's library") }),
  z.strictObject({
    own: z
      .strictObject({ name: word.describe('name of the library'), root: absolutePath.describe('its directory') })
      .describe('a library of the host itself'),
  }),
]);

const settingsSchema = z
  .strictObject({
    host: hostSettings
      .default({ kind: 'local' })
      .describe('the host of the domain: the management node, or another over SSH'),
    uri: z
      .string()
      .regex(
        /^qemu(\+unix)?:\/\/\/(system|session)(\?socket=\/[^?&#\s]+)?$/,
        'expected qemu:///system or qemu:///session, ?socket=/path allowed',
      )
      .default('qemu:///system')
      .describe('which libvirt of the host'),
    domain: word.optional().describe("name of the domain; the computer's name when absent"),
    diskDirectory: absolutePath.describe('directory on the host; each node has a subdirectory of its own in it'),
    library: library.default('same path as the management node').describe('where the host sees the images'),
    clone: z
      .enum(['copy-on-write', 'full-copy'])
      .default('copy-on-write')
      .describe("whether a node's disks share the library's blocks"),
    diskBus: z.enum(['virtio', 'scsi', 'sata', 'ide']).default('virtio').describe('how the guest sees its disks'),
    networkModel: z
      .enum(['virtio', 'e1000', 'e1000e', 'rtl8139'])
      .default('virtio')
      .describe('card that the guest sees'),
    network: network.default({ kind: 'network', name: 'default' }).describe('what the card is connected to'),
    accelerator: z.enum(['kvm', 'tcg']).default('kvm').describe('tcg emulates where there is no KVM'),
    machine: z.enum(['pc', 'q35']).optional().describe('machine type; q35, or pc for IDE disks, which q35 lacks'),
    shutdownSeconds: z
      .int()
      .positive()
      .max(86_400)
      .default(120)
      .describe('how long the system that a load replaces may take to power off before its power is cut'),
  })
  .refine((settings) => !(settings.diskBus === 'ide' && settings.machine === 'q35'), {
    path: ['machine'],
    message: 'q35 has no IDE controller: choose pc, or the bus sata',
  });

export const { settings, settingsProblems, readSettings } = withReach(declareSettings(settingsSchema));

/** The settings of a computer that is a libvirt domain, with every default filled in. */
export type LibvirtSettings = z.output<typeof settingsSchema>;

/** One name for each host of domains: its address, or the management node where that is the host. */
export function hostName(computer: Computer): string {
  return nameOfHost(readSettings(computer).host, computer);
}
