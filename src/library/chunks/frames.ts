import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { IntegrityError, NotFoundError } from '../../domain/errors.ts';
import { parseHeader, parsePrefix, PREFIX_BYTES, type DataHeader, type FrameHeader } from './frame.ts';
import { parseLayout, type ChunkLayout } from './layout.ts';

/** A frame, and where in the file its stored bytes lie. */
export interface Frame {
  readonly header: FrameHeader;
  /** Where the frame begins. */
  readonly at: number;
  /** Where its stored bytes begin. */
  readonly storedAt: number;
  /** Where the next frame begins. */
  readonly end: number;
}

export interface DataFrame extends Frame {
  readonly header: DataHeader;
}

/** What a whole file holds. */
export interface ChunkIndex {
  readonly layout: ChunkLayout;
  /** In the order in which they were written. */
  readonly frames: readonly DataFrame[];
}

/** The frame that begins at `at`; undefined where none does, or where it is not there to its end. */
export async function frameAt(handle: FileHandle, at: number, fileBytes: number): Promise<Frame | undefined> {
  const prefix = parsePrefix(await readExactly(handle, at, PREFIX_BYTES));
  if (prefix === undefined) return undefined;
  const json = await readExactly(handle, at + PREFIX_BYTES, prefix.headerBytes);
  const header = parseHeader(prefix, json);
  if (header === undefined) return undefined;
  const storedAt = at + PREFIX_BYTES + prefix.headerBytes;
  const end = storedAt + header.storedBytes;
  return end > fileBytes ? undefined : { header, at, storedAt, end };
}

/** The bytes of a frame as they were sent. IntegrityError when they are not what its header says. */
export async function readStored(handle: FileHandle, file: string, frame: Frame): Promise<Buffer> {
  const bytes = await readExactly(handle, frame.storedAt, frame.header.storedBytes);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (bytes.length === frame.header.storedBytes && found === frame.header.sha256) return bytes;
  throw new IntegrityError(`read ${nameOf(frame)} of ${file}: its bytes are not those that were written`, {
    evidence: { at: frame.at, expectedSha256: frame.header.sha256, foundSha256: found },
  });
}

/**
 * Lists what a complete file holds, without reading its data. It works on files of this host only. NotFoundError for no file; IntegrityError for what
 * is no frame, for a torn end, a second layout or none, and for a chunk that the layout does not know or that comes twice.
 */
export async function listFrames(file: string): Promise<ChunkIndex> {
  return await withFile(file, async (handle) => await indexOf(handle, file));
}

/** Opens a file of this host for reading, for as long as `work` lasts. */
export async function withFile<Result>(file: string, work: (handle: FileHandle) => Promise<Result>): Promise<Result> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new NotFoundError(`open ${file}: it cannot be read`, { cause });
  });
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

/** The same of a file that is open already. */
export async function indexOf(handle: FileHandle, file: string): Promise<ChunkIndex> {
  const { size } = await handle.stat();
  const first = await frameAt(handle, 0, size);
  if (first === undefined) throw new IntegrityError(`read ${file}: it does not begin with a frame`);
  const layout = await readLayout(handle, file, first);
  const frames: DataFrame[] = [];
  const seen = new ChunkSet(layout, file);
  for (let at = first.end; at < size;) {
    const frame = await frameAt(handle, at, size);
    if (frame === undefined) throw new IntegrityError(`read ${file}: there is no whole frame at ${String(at)}`);
    frames.push(seen.add(frame));
    at = frame.end;
  }
  return { layout, frames };
}

export async function readLayout(handle: FileHandle, file: string, frame: Frame): Promise<ChunkLayout> {
  if (frame.header.kind !== 'layout') throw new IntegrityError(`read ${file}: its first frame is not the layout`);
  return parseLayout(await readStored(handle, file, frame), file);
}

/** Chunks that are there, each once and as the layout has it. */
export class ChunkSet {
  readonly #lengths: ReadonlyMap<number, number>;
  readonly #seen = new Map<number, DataFrame>();
  readonly #file: string;

  constructor(layout: ChunkLayout, file: string) {
    this.#lengths = new Map(layout.chunks);
    this.#file = file;
  }

  /** IntegrityError for a frame that cannot be one of this file. */
  add(frame: Frame): DataFrame {
    const { header } = frame;
    if (header.kind !== 'data') throw this.#refuse('it has a second layout');
    this.requireKnown(header);
    if (this.#seen.has(header.offset)) throw this.#refuse(`the chunk at ${String(header.offset)} is there twice`);
    const data = { ...frame, header };
    this.#seen.set(header.offset, data);
    return data;
  }

  /** IntegrityError for a chunk that the layout does not have. */
  requireKnown({ offset, length }: Pick<DataHeader, 'offset' | 'length'>): void {
    if (this.#lengths.get(offset) === length) return;
    throw this.#refuse(`the layout has no chunk of ${String(length)} bytes at ${String(offset)}`);
  }

  get(offset: number): DataFrame | undefined {
    return this.#seen.get(offset);
  }

  get offsets(): readonly number[] {
    return [...this.#seen.keys()];
  }

  /** Chunks of the layout that are not there. */
  get missing(): readonly number[] {
    return [...this.#lengths.keys()].filter((offset) => !this.#seen.has(offset));
  }

  #refuse(problem: string): IntegrityError {
    return new IntegrityError(`read ${this.#file}: ${problem}`);
  }
}

/** `the layout`, `the chunk at 67108864`. */
function nameOf({ header }: Frame): string {
  return header.kind === 'layout' ? 'the layout' : `the chunk at ${String(header.offset)}`;
}

async function readExactly(handle: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await handle.read(buffer, 0, bytes, at);
  return buffer.subarray(0, bytesRead);
}
