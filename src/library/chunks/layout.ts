import { z } from 'zod';
import { IntegrityError } from '../../domain/errors.ts';

const offset = z.int().nonnegative();
const length = z.int().positive();

/** `[offset, length]` in bytes of the disk. */
export type Extent = readonly [offset: number, length: number];

const layoutSchema = z.looseObject({
  schema: z.literal(1),
  disk: z.looseObject({
    /** As the machine's kernel names it: `sda`, `nvme0n1`. */
    name: z.string().min(1),
    sizeBytes: length,
    sectorBytes: length,
    serial: z.string().exactOptional(),
    model: z.string().exactOptional(),
  }),
  /** `script` is what `sfdisk --dump` printed; empty where there is no table. The boot sectors are data: they lie in the first chunk. */
  table: z.looseObject({ kind: z.enum(['gpt', 'dos', 'none']), script: z.string() }),
  contents: z.array(
    z.looseObject({
      /** `sda2`, or `vg0/root`. */
      name: z.string().min(1),
      offset,
      length,
      /** As `blkid` names it: `ext4`, `swap`, `LVM2_member`; `unknown`. */
      type: z.string(),
      /** `used`: the blocks that its file system uses. `all`: every byte. `none`: it is made anew by a load. */
      copied: z.enum(['used', 'all', 'none']),
      uuid: z.string().exactOptional(),
      label: z.string().exactOptional(),
      usedBytes: offset.exactOptional(),
    }),
  ),
  /** The part of the disk that each frame of data stands for, without overlaps; a frame's extents lie in its part. */
  chunks: z.array(z.tuple([offset, length])),
});

/**
 * What a captured disk is, as the machine that it was in described it before it sent the first byte: the same bytes for the same disk, so that a
 * machine that begins again is recognized. Fields that are not named here are kept.
 */
export type ChunkLayout = z.infer<typeof layoutSchema>;

/** Reads the content of a layout's frame. IntegrityError names `file` and each wrong field. */
export function parseLayout(content: Uint8Array, file: string): ChunkLayout {
  const parsed = layoutSchema.safeParse(readJson(content));
  const fault = parsed.success ? faultOf(parsed.data) : undefined;
  if (parsed.success && fault === undefined) return parsed.data;
  const problems = parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [fault];
  throw new IntegrityError(`read the layout in ${file}: ${problems.slice(0, 5).join('; ')}`, {
    evidence: { problems: problems.slice(0, 50) },
  });
}

function faultOf({ disk, chunks }: ChunkLayout): string | undefined {
  let end = 0;
  for (const [from, bytes] of chunks) {
    if (from < end) return `the chunk at ${String(from)} overlaps the one before it`;
    end = from + bytes;
  }
  return end > disk.sizeBytes ? `its chunks end at ${String(end)}, behind the disk’s end` : undefined;
}

function readJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    return undefined;
  }
}
