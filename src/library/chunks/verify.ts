import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError } from '../../domain/errors.ts';
import { indexOf, readStored, withFile, type ChunkIndex } from './frames.ts';

/**
 * Reads a whole file of this host and proves that it holds every chunk of its layout, each with the bytes that were sent. IntegrityError says which is
 * missing, damaged or too much. Reads only.
 */
export async function verifyChunks(file: string, context: CallContext): Promise<ChunkIndex> {
  return await withFile(file, async (handle) => {
    const index = await indexOf(handle, file);
    requireAll(file, index);
    const bytesTotal = index.frames.reduce((sum, { header }) => sum + header.storedBytes, 0);
    let bytesDone = 0;
    for (const frame of index.frames) {
      context.signal.throwIfAborted();
      await readStored(handle, file, frame);
      bytesDone += frame.header.storedBytes;
      context.progress({
        what: `Verify the chunks of ${file}`,
        bytesDone,
        bytesTotal,
        fraction: bytesDone / bytesTotal,
      });
    }
    return index;
  });
}

function requireAll(file: string, { layout, frames }: ChunkIndex): void {
  const there = new Set(frames.map(({ header }) => header.offset));
  const missing = layout.chunks.map(([offset]) => offset).filter((offset) => !there.has(offset));
  if (missing.length === 0) return;
  throw new IntegrityError(
    `read ${file}: ${String(missing.length)} of ${String(layout.chunks.length)} chunks are missing, the first at ${String(missing[0])}`,
    { evidence: { missing: missing.slice(0, 20) } },
  );
}
