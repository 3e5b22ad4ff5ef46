import { createHash } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { LibraryPlace } from '../../remote/library-place.ts';
import type { DiskToOpen } from '../disk-to-open.ts';
import type { Partition } from '../partitions.ts';
import { requireSpace } from '../prepare.ts';
import { expandChunks, expandedBytes } from './expand.ts';
import { listFrames, type ChunkIndex, type DataFrame } from './frames.ts';
import type { ChunkLayout } from './layout.ts';
import { requireThisHost } from './this-host.ts';

/** File systems in which nothing is looked for: of these only their beginning is unpacked, by which they are named. */
const NOT_READ = new Set(['xfs', 'btrfs', 'ntfs', 'vfat', 'swap', 'crypto_LUKS']);
const SIGNATURE_BYTES = 128 * 1024;

/** A disk that was unpacked to be looked into. */
export interface UnpackedDisk {
  readonly disk: DiskToOpen;
  /** Where the machine found ext file systems that are no partitions: on a logical volume in one piece. */
  readonly volumes: readonly Partition[];
  /** Removes what was unpacked. Again: nothing. */
  remove(): Promise<void>;
}

/**
 * Unpacks a disk of chunks into the place for scratch files, with holes where nothing was captured and where nothing will be read. The file's name
 * depends on the disk's only, so that what a killed attempt left is replaced. CapacityError when it does not fit.
 */
export async function unpackChunks(place: LibraryPlace, disk: DiskToOpen, context: CallContext): Promise<UnpackedDisk> {
  requireThisHost(place, `look into ${disk.file}`);
  const index = await listFrames(disk.file);
  const frames = wantedFrames(index);
  await requireSpace(place, expandedBytes(frames), context);
  await mkdir(disk.scratch, { recursive: true, mode: 0o700 });
  const name = createHash('sha256').update(disk.file).digest('hex').slice(0, 24);
  const target = posix.join(disk.scratch, `chunks-${name}.raw`);
  const remove = async (): Promise<void> => await rm(target, { force: true });
  try {
    await expandChunks({ file: disk.file, index, frames }, target, context);
    // Published disks are read-only, and so is what is made of one.
    await chmod(target, 0o400);
  } catch (error) {
    await remove();
    throw error;
  }
  return { disk: { file: target, format: 'raw', scratch: disk.scratch }, volumes: volumesOf(index.layout), remove };
}

function wantedFrames({ layout, frames }: ChunkIndex): readonly DataFrame[] {
  const skipped = layout.contents.filter(({ type }) => NOT_READ.has(type));
  return frames.filter(({ header: { offset, length } }) =>
    skipped.every(
      (content) => offset < content.offset + SIGNATURE_BYTES || offset + length > content.offset + content.length,
    ),
  );
}

function volumesOf({ contents }: ChunkLayout): readonly Partition[] {
  const ext = contents.filter(({ type }) => /^ext[234]$/.test(type));
  return ext.map(({ offset }, index) => ({ number: 1000 + index, offset }));
}
