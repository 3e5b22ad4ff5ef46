import { z } from 'zod';
import type { Computer, Problem } from '../../domain/computer.ts';

const GIB = 1024 ** 3;

const disk = z.strictObject({
  /** `vda`; the first is the boot disk. */
  name: z.string().regex(/^[a-z][a-z0-9]{0,14}$/, 'expected a device name such as vda'),
  sizeBytes: z
    .int()
    .positive()
    .default(8 * GIB),
  /** What a copy of it moves. */
  usedBytes: z.int().nonnegative().default(GIB),
});

/** Settings of a computer of the simulated provisioning system. All have defaults; durations are in seconds, rates in bytes a second. */
const settingsSchema = z.strictObject({
  disks: z
    .array(disk)
    .min(1)
    .refine((disks) => new Set(disks.map(({ name }) => name)).size === disks.length, 'expected names that differ')
    .prefault([{ name: 'vda' }]),
  /** Name of the pretended machine that carries this one and others; loads onto them share its slots. */
  host: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'expected a name')
    .exactOptional(),
  bootSeconds: z.number().nonnegative().default(2),
  shutdownSeconds: z.number().nonnegative().default(1),
  /** What preCapture takes in the guest. */
  preCaptureSeconds: z.number().nonnegative().default(1),
  /** How fast a copy is when nothing limits it. */
  copyBytesPerSecond: z
    .number()
    .positive()
    .default(512 * 1024 ** 2),
  /** Human accounts on a node that nothing was ever loaded on. */
  users: z.array(z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/)).default(['alice']),
  /** What a copy claims to need in the library; by default what its small files really take. */
  bytesNeeded: z.int().nonnegative().exactOptional(),
});

export type SimulatedSettings = z.infer<typeof settingsSchema>;

/** What is wrong with the settings; empty when nothing is. */
export function settingsProblems(computer: Computer): readonly Problem[] {
  const parsed = settingsSchema.safeParse(computer.settings);
  if (parsed.success) return [];
  return parsed.error.issues.map((issue) => ({
    where: ['settings', ...issue.path.map(String)].join('.'),
    problem: issue.message,
  }));
}

/** The settings with their defaults. Throws for what `settingsProblems` reports. */
export function settingsOf(computer: Pick<Computer, 'settings'>): SimulatedSettings {
  return settingsSchema.parse(computer.settings);
}
