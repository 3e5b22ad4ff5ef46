import { createHash } from 'node:crypto';
import { constants, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CapacityError, IntegrityError } from '../../domain/errors.ts';
import { encodeHeader, extentFault, MOST_STORED_BYTES, type DataHeader, type FrameHeader } from './frame.ts';
import { ChunkSet, readLayout, type Frame } from './frames.ts';
import { parseLayout, type ChunkLayout } from './layout.ts';
import { lockFile } from './lock.ts';
import { findTail } from './tail.ts';

/** A chunk as a machine sent it. */
export type ChunkToAppend = Pick<DataHeader, 'offset' | 'length' | 'extents' | 'sha256'> & {
  /** The extents one after the other, compressed with zstd; what `sha256` is of. */
  readonly stored: Uint8Array;
};

/** What came of it: that a chunk was there already is success, too. */
export type Appended = 'written' | 'there already';

/** One captured disk that is being written. Calls of `begin` and `append` may overlap; they are carried out one after the other. */
export interface ChunkFile {
  /** Undefined until `begin`. */
  readonly layout: ChunkLayout | undefined;
  /** Offsets of the chunks that are there and on the disk. */
  readonly offsets: readonly number[];
  /** Offsets of the layout's chunks that are still to come; undefined before `begin`. */
  readonly missing: readonly number[] | undefined;
  /**
   * Writes the layout, as JSON. The same again: success. IntegrityError for another one: the disk is not the one whose chunks are here, or it was
   * changed.
   */
  begin(layout: Uint8Array): Promise<Appended>;
  /**
   * Writes a chunk, and answers once it is on the disk. The same again: success. IntegrityError when its bytes are not of its sha256, when another
   * content is there under its offset, or when the layout has no such chunk.
   */
  append(chunk: ChunkToAppend): Promise<Appended>;
  close(): Promise<void>;
}

/**
 * Opens the file of a captured disk for one writer, and makes it where it is not there. What the last write left unfinished is cut off: nobody was
 * told that it was done. Works on files of this host: the library is the management node's own. UnavailableError while another writer has it,
 * IntegrityError when it is damaged elsewhere than at its end.
 */
export async function openChunkFile(path: string): Promise<ChunkFile> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    await syncDirectory(dirname(path));
    const unlock = await lockFile(path);
    try {
      return await writerOf(path, handle, unlock);
    } catch (error) {
      await unlock();
      throw error;
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
}

interface State {
  end: number;
  begun?: { readonly layout: ChunkLayout; readonly sha256: string; readonly chunks: ChunkSet };
}

async function writerOf(path: string, handle: FileHandle, unlock: () => Promise<void>): Promise<ChunkFile> {
  const state = await resume(path, handle);
  const inTurn = oneByOne();
  return {
    get layout() {
      return state.begun?.layout;
    },
    get offsets() {
      return state.begun?.chunks.offsets ?? [];
    },
    get missing() {
      return state.begun?.chunks.missing;
    },
    begin: (content) => inTurn(() => begin({ path, handle, state }, content)),
    append: (chunk) => inTurn(() => append({ path, handle, state }, chunk)),
    close: () =>
      inTurn(async () => {
        await handle.close();
        await unlock();
      }),
  };
}

/** Goes through all frames, without their data but for the last one's. */
async function resume(path: string, handle: FileHandle): Promise<State> {
  const { frames, end } = await findTail(handle, path);
  await handle.truncate(end);
  await handle.sync();
  const [first, ...others] = frames;
  if (first === undefined) return { end };
  const layout = await readLayout(handle, path, first);
  const chunks = new ChunkSet(layout, path);
  for (const frame of others) chunks.add(frame);
  return { end, begun: { layout, sha256: first.header.sha256, chunks } };
}

interface Writing {
  readonly path: string;
  readonly handle: FileHandle;
  readonly state: State;
}

async function begin({ path, handle, state }: Writing, content: Uint8Array): Promise<Appended> {
  const sha256 = sha256Of(content);
  if (state.begun !== undefined) {
    if (state.begun.sha256 === sha256) return 'there already';
    throw new IntegrityError(`write to ${path}: the disk is described in another way than when its capture began`, {
      evidence: { before: state.begun.sha256, now: sha256 },
    });
  }
  const layout = parseLayout(content, path);
  await write({ path, handle, state }, { kind: 'layout', storedBytes: content.length, sha256 }, content);
  state.begun = { layout, sha256, chunks: new ChunkSet(layout, path) };
  return 'written';
}

async function append(writing: Writing, { stored, ...chunk }: ChunkToAppend): Promise<Appended> {
  const { path, state } = writing;
  if (state.begun === undefined)
    throw new IntegrityError(`write to ${path}: no layout was sent before the first chunk`);
  const what = `write the chunk at ${String(chunk.offset)} to ${path}`;
  const fault = stored.length > MOST_STORED_BYTES ? 'it is too large' : extentFault(chunk);
  if (fault !== undefined) throw new IntegrityError(`${what}: ${fault}`);
  state.begun.chunks.requireKnown(chunk);
  if (sha256Of(stored) !== chunk.sha256) throw new IntegrityError(`${what}: its bytes are not of its sha256`);
  const before = state.begun.chunks.get(chunk.offset);
  if (before?.header.sha256 === chunk.sha256) return 'there already';
  if (before !== undefined) {
    throw new IntegrityError(`${what}: another content is there already`, {
      evidence: { before: before.header.sha256, now: chunk.sha256 },
    });
  }
  const header: DataHeader = { kind: 'data', ...chunk, storedBytes: stored.length };
  state.begun.chunks.add(await write(writing, header, stored));
  return 'written';
}

/** Written and on the disk; of a write that failed nothing stays. */
async function write({ path, handle, state }: Writing, header: FrameHeader, stored: Uint8Array): Promise<Frame> {
  const head = encodeHeader(header);
  const at = state.end;
  const end = at + head.length + stored.length;
  try {
    const { bytesWritten } = await handle.writev([head, stored], at);
    if (at + bytesWritten !== end) throw tooFull(path, undefined);
    await handle.datasync();
  } catch (error) {
    await handle.truncate(at).catch(() => undefined);
    throw isOutOfSpace(error) ? tooFull(path, error) : error;
  }
  state.end = end;
  return { header, at, storedAt: at + head.length, end };
}

function isOutOfSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function tooFull(path: string, cause: unknown): CapacityError {
  return new CapacityError(`write a chunk to ${path}: there is no space left`, cause === undefined ? {} : { cause });
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync();
  await directory.close();
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What is asked for while something is under way waits for it, however it ends. */
function oneByOne(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
