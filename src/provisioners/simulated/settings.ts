import { z } from 'zod';
import { declareSettings } from '../declared-settings.ts';

const GIB = 1024 ** 3;

const disk = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9]{0,14}$/, 'expected a device name such as vda')
    .describe('device name; the first is the boot disk'),
  sizeBytes: z
    .int()
    .positive()
    .default(8 * GIB)
    .describe('its size'),
  usedBytes: z.int().nonnegative().default(GIB).describe('what a copy of it moves'),
});

/** Settings of a computer of the simulated provisioning system. All have defaults; durations are in seconds, rates in bytes a second. */
const settingsSchema = z.strictObject({
  disks: z
    .array(disk)
    .min(1)
    .refine((disks) => new Set(disks.map(({ name }) => name)).size === disks.length, 'expected names that differ')
    .prefault([{ name: 'vda' }])
    .describe('its disks'),
  host: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'expected a name')
    .exactOptional()
    .describe('name of the pretended machine that carries this one and others; loads onto them share its slots'),
  bootSeconds: z.number().nonnegative().default(2).describe('what booting takes'),
  shutdownSeconds: z.number().nonnegative().default(1).describe('what powering off takes'),
  preCaptureSeconds: z.number().nonnegative().default(1).describe('what preCapture takes in the guest'),
  copyBytesPerSecond: z
    .number()
    .positive()
    .default(512 * 1024 ** 2)
    .describe('how fast a copy is when nothing limits it'),
  users: z
    .array(z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/))
    .default(['alice'])
    .describe('human accounts on a node that nothing was ever loaded on'),
  bytesNeeded: z
    .int()
    .nonnegative()
    .exactOptional()
    .describe('what a copy claims to need in the library; by default what its small files really take'),
});

export const { settings, settingsProblems, readSettings: settingsOf } = declareSettings(settingsSchema);
