import type { FileHandle } from 'node:fs/promises';
import { IntegrityError } from '../../domain/errors.ts';
import { MOST_HEADER_BYTES, MOST_STORED_BYTES, PREFIX_BYTES } from './frame.ts';
import { frameAt, readStored, type Frame } from './frames.ts';

/** One write can be unfinished, and it is of one frame. What is longer than a frame was damaged in another way. */
const MOST_TORN_BYTES = PREFIX_BYTES + MOST_HEADER_BYTES + MOST_STORED_BYTES;

/** The whole frames of a file that may have been cut while the last one was written, and where they end. */
export interface Tail {
  readonly frames: readonly Frame[];
  readonly end: number;
}

/**
 * Every frame before the last was on the disk before the last was begun, so only the last one's bytes are looked at: a power cut may leave a frame of
 * the right length whose bytes never arrived. IntegrityError when more than one frame's length is no frame. Reads only.
 */
export async function findTail(handle: FileHandle, file: string): Promise<Tail> {
  const { size } = await handle.stat();
  const frames: Frame[] = [];
  let end = 0;
  for (;;) {
    const frame = await frameAt(handle, end, size);
    if (frame === undefined) break;
    frames.push(frame);
    end = frame.end;
  }
  if (size - end > MOST_TORN_BYTES) {
    throw new IntegrityError(`open ${file}: there is no frame at ${String(end)}, and more follows than one write`);
  }
  const last = frames.at(-1);
  if (last === undefined || (await isWhole(handle, file, last))) return { frames, end };
  return { frames: frames.slice(0, -1), end: last.at };
}

async function isWhole(handle: FileHandle, file: string, frame: Frame): Promise<boolean> {
  return await readStored(handle, file, frame).then(
    () => true,
    (error: unknown) => {
      if (error instanceof IntegrityError) return false;
      throw error;
    },
  );
}
