import { posix } from 'node:path';
import { z } from 'zod';
import { InvalidInputError } from '../domain/errors.ts';

/** How a disk of a machine is found. All that is given must hold of exactly one disk. */
const select = z
  .object({
    serial: z.string().min(1).optional(),
    sizeBytes: z.number().int().positive().optional(),
    /** As the environment names it: `/dev/vda`. Names change with the order in which drivers start; a serial number does not. */
    path: z
      .string()
      .regex(/^\/dev\/[a-z0-9]+$/)
      .optional(),
  })
  .refine((found) => Object.keys(found).length > 0, 'expected a serial number, a size or a path');

/** What shows later that a disk was not touched. What is absent was not recorded and is not compared. */
const diskRecord = z.object({
  name: z.string(),
  /** SHA-256 of what sfdisk says of the partition table. */
  tableDigest: z.string().optional(),
  fileSystems: z.array(
    z.object({
      uuid: z.string(),
      type: z.string(),
      mountCount: z.number().int().optional(),
      /** As dumpe2fs prints them; compared as texts. */
      lastMounted: z.string().optional(),
      lastWritten: z.string().optional(),
      headDigest: z.string().optional(),
    }),
  ),
});

const absolute = z.string().refine((path) => posix.isAbsolute(path), 'expected an absolute path');

const capture = z.object({
  kind: z.literal('capture'),
  /** `file`: the container in the run's staging directory. */
  disks: z.array(z.object({ name: z.string().min(1), select, file: absolute })).min(1),
  expected: z.array(diskRecord).optional(),
});

const load = z.object({
  kind: z.literal('load'),
  /** `sizeBytes`: of the disk that was captured; a smaller target is refused. */
  disks: z
    .array(z.object({ name: z.string().min(1), select, file: absolute, sizeBytes: z.number().int().positive() }))
    .min(1),
  /** Grow the last partition of each disk, and its file system where it can grow. */
  grow: z.boolean(),
  /** Make SSH host keys into the loaded system and report their public halves. */
  hostKeys: z.boolean(),
});

const order = z.object({
  /** The run's workflow id. */
  run: z.string().min(1),
  epoch: z.number().int().min(0),
  /** Id of the step in the run's plan. */
  step: z.string().min(1),
  node: z.string().min(1),
  /** `52:54:00:12:34:56`, lower case: the cards from which the machine may boot. */
  macAddresses: z.array(z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, 'expected 52:54:00:12:34:56')).min(1),
  work: z.discriminatedUnion('kind', [capture, load]),
});

export type DiskSelect = z.infer<typeof select>;
export type DiskRecord = z.infer<typeof diskRecord>;
export type CaptureWork = z.infer<typeof capture>;
export type LoadWork = z.infer<typeof load>;
/** What a machine that boots over the network is to do: one step of one run. */
export type ImagingOrder = z.infer<typeof order>;

/** Checks an order; throws one InvalidInputError that names every problem. */
export function parseOrder(value: unknown): ImagingOrder {
  const parsed = order.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new InvalidInputError(`read an imaging order: ${problems.join('; ')}`, { cause: parsed.error });
}
