import { z } from 'zod';
import type { Computer, Problem } from '../../domain/computer.ts';
import { powerSettings, type PowerSettings } from '../../power/settings.ts';
import { declareSettings } from '../declared-settings.ts';

const macAddress = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i;

const disk = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]+$/, 'expected a name of the kernel, such as sda or nvme0n1')
    .describe(
      'as the kernel of the imaging environment names it: `sda`, `nvme0n1`; it names the disk in the image, too',
    ),
  serial: z
    .string()
    .min(1)
    .optional()
    .describe('what finds it for sure: names change with the order in which drivers start'),
  sizeBytes: z.int().positive().optional().describe('what it must have: another disk is not touched'),
});

const settingsSchema = z.strictObject({
  power: powerSettings.describe('the controller by which it is powered, and told what to boot'),
  disks: z
    .array(disk)
    .min(1)
    .refine((disks) => new Set(disks.map(({ name }) => name)).size === disks.length, 'expected each name once')
    .default([{ name: 'sda' }])
    .describe('its disks; the first is the boot disk'),
  bootMode: z.enum(['bios', 'uefi']).default('bios').describe('how its firmware boots'),
  bootSeconds: z
    .number()
    .positive()
    .max(3_600)
    .default(600)
    .describe('how long it may take from its power-on until it asks its management node'),
  grow: z.boolean().default(true).describe('whether a load grows the last file system to the end of a larger disk'),
});

/** With every default filled in. */
export type BaremetalSettings = z.output<typeof settingsSchema>;
export type DiskSettings = z.output<typeof disk>;

const declared = declareSettings(settingsSchema);

export const { settings, readSettings } = declared;

/** All that is wrong with a computer's settings. Without MAC addresses nobody knows which machine asks. */
export function settingsProblems(computer: Computer): readonly Problem[] {
  const parsed = settingsSchema.safeParse(computer.settings);
  const cards = computer.macAddresses;
  return [
    ...declared.settingsProblems(computer),
    ...(parsed.success && parsed.data.power.kind === 'wake-on-lan' ? [noBootTarget] : []),
    ...(cards.length === 0 ? [missingCards] : []),
    ...cards
      .filter((card) => !macAddress.test(card))
      .map((card) => ({ where: 'settings: macAddresses', problem: `expected 52:54:00:12:34:56, found ${card}` })),
  ];
}

const noBootTarget: Problem = {
  where: 'settings.power.kind',
  problem: 'expected ipmi or redfish: Wake-on-LAN can neither cut the power nor choose what the machine boots from',
};

const missingCards: Problem = {
  where: 'settings: macAddresses',
  problem: 'expected the MAC address of the card from which the machine boots over the network',
};

/** What its power is driven by; undefined where its settings are not those of bare metal. */
export function powerSettingsOf(computer: Computer): PowerSettings | undefined {
  const parsed = settingsSchema.safeParse(computer.settings);
  return parsed.success ? parsed.data.power : undefined;
}
