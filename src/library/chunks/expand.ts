import { open, type FileHandle } from 'node:fs/promises';
import type { CallContext } from '../../domain/call-context.ts';
import { decompress } from './decompress.ts';
import { dataBytes } from './frame.ts';
import { readStored, withFile, type ChunkIndex, type DataFrame } from './frames.ts';
import type { Extent } from './layout.ts';

/** Which chunks of a disk become a file. */
export interface Expansion {
  /** Absolute path on this host. */
  readonly file: string;
  readonly index: ChunkIndex;
  /** Those that are wanted; what the others hold reads as zeros. */
  readonly frames: readonly DataFrame[];
}

/** Bytes that the chunks take once they are decompressed. */
export function expandedBytes(frames: readonly DataFrame[]): number {
  return frames.reduce((sum, { header }) => sum + dataBytes(header.extents), 0);
}

/**
 * Writes chunks to where they belong in a file of the disk's size that has holes everywhere else. What lay under its name is replaced. IntegrityError
 * for a chunk whose bytes are not what they were.
 */
export async function expandChunks(
  { file, index, frames }: Expansion,
  target: string,
  context: CallContext,
): Promise<void> {
  const bytesTotal = expandedBytes(frames);
  const output = await open(target, 'w', 0o600);
  try {
    await output.truncate(index.layout.disk.sizeBytes);
    let bytesDone = 0;
    await withFile(file, async (handle) => {
      for (const frame of frames) {
        const { extents } = frame.header;
        const stored = await readStored(handle, file, frame);
        await writeExtents(output, extents, decompress(stored, dataBytes(extents), context.signal));
        bytesDone += dataBytes(extents);
        context.progress({ what: `Unpack ${file}`, bytesDone, bytesTotal, fraction: bytesDone / bytesTotal });
      }
    });
  } finally {
    await output.close();
  }
}

async function writeExtents(
  output: FileHandle,
  extents: readonly Extent[],
  content: AsyncIterable<Buffer>,
): Promise<void> {
  const places = extents.map(([at, bytes]) => ({ at, bytes }));
  for await (const piece of content) {
    let from = 0;
    while (from < piece.length) {
      const [place] = places;
      if (place === undefined) return;
      const bytes = Math.min(place.bytes, piece.length - from);
      await output.write(piece, from, bytes, place.at);
      from += bytes;
      place.at += bytes;
      place.bytes -= bytes;
      if (place.bytes === 0) places.shift();
    }
  }
}
