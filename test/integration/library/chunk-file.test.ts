import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../src/domain/call-context.ts';
import { IntegrityError, UnavailableError } from '../../../src/domain/errors.ts';
import { openChunkFile, type ChunkFile, type ChunkToAppend } from '../../../src/library/chunks/chunk-file.ts';
import { expandChunks } from '../../../src/library/chunks/expand.ts';
import { encodeHeader } from '../../../src/library/chunks/frame.ts';
import { listFrames } from '../../../src/library/chunks/frames.ts';
import { verifyChunks } from '../../../src/library/chunks/verify.ts';
import { chunkOf, encodeLayout, layoutOf } from '../../support/chunk-disk.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const CHUNK = 65_536;
const layout = encodeLayout(layoutOf(3, CHUNK));
const chunks = [0, 1, 2].map((index) => {
  const at = index * CHUNK;
  return chunkOf(
    [at, CHUNK],
    [
      [at + 4096, Buffer.alloc(4096, 65 + index)],
      [at + 16_384, Buffer.alloc(8192, 97 + index)],
    ],
  );
}) as [ChunkToAppend, ChunkToAppend, ChunkToAppend];

describe('a disk of chunks', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imprint-chunks-'));
    path = join(directory, 'sda.chunks');
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function writing<Result>(work: (file: ChunkFile) => Promise<Result>): Promise<Result> {
    const file = await openChunkFile(path);
    try {
      return await work(file);
    } finally {
      await file.close();
    }
  }

  async function writeAll(which: readonly ChunkToAppend[] = chunks): Promise<void> {
    await writing(async (file) => {
      await file.begin(layout);
      for (const chunk of which) await file.append(chunk);
    });
  }

  async function flip(at: number): Promise<void> {
    const bytes = await readFile(path);
    bytes[at] = bytes[at]! ^ 1;
    await writeFile(path, bytes);
  }

  it('is written in any order, and gives back what was sent at its place, with holes between', async () => {
    await writeAll(chunks.toReversed());
    const index = await verifyChunks(path, context);
    expect(index.layout).toMatchObject(layoutOf(3, CHUNK));
    expect(index.frames.map(({ header }) => header.offset)).toEqual([2 * CHUNK, CHUNK, 0]);

    const raw = join(directory, 'raw');
    await expandChunks({ file: path, index, frames: index.frames }, raw, context);
    const expected = Buffer.alloc(3 * CHUNK);
    for (const at of [0, 1, 2]) {
      expected.fill(65 + at, at * CHUNK + 4096, at * CHUNK + 8192);
      expected.fill(97 + at, at * CHUNK + 16_384, at * CHUNK + 24_576);
    }
    expect((await readFile(raw)).equals(expected)).toBe(true);
    expect((await stat(raw)).blocks * 512).toBeLessThan(expected.length);
  });

  it('says after it was opened again which chunks are there and which are still to come', async () => {
    await writeAll([chunks[1]]);
    await writing(async (file) => {
      expect(file.offsets).toEqual([CHUNK]);
      expect(file.missing).toEqual([0, 2 * CHUNK]);
      expect(file.layout?.disk.serial).toBe('S1');
      expect(await file.begin(layout)).toBe('there already');
      await file.append(chunks[0]);
      await file.append(chunks[2]);
      expect(file.missing).toEqual([]);
    });
    expect((await verifyChunks(path, context)).frames).toHaveLength(3);
  });

  it('takes the same chunk twice as success, and another under the same offset not at all', async () => {
    await writing(async (file) => {
      await file.begin(layout);
      expect(await file.append(chunks[0])).toBe('written');
      const size = (await stat(path)).size;
      expect(await file.append(chunks[0])).toBe('there already');
      expect((await stat(path)).size).toBe(size);
      const other = chunkOf([0, CHUNK], [[4096, Buffer.from('other')]]);
      await expect(file.append(other)).rejects.toThrow(/another content is there already/);
    });
  });

  it('refuses a layout that differs from the one that it has: the disk was changed, or is another', async () => {
    await writeAll();
    const disk = { ...layoutOf(3, CHUNK).disk, serial: 'S2' };
    await writing(async (file) => {
      await expect(file.begin(encodeLayout(layoutOf(3, CHUNK, { disk })))).rejects.toThrow(IntegrityError);
    });
  });

  it.each<[string, Partial<ChunkToAppend>]>([
    ['bytes that are not of its sha256', { sha256: '0'.repeat(64) }],
    ['a place that the layout does not have', { offset: CHUNK / 2 }],
    ['a length that the layout does not have', { length: CHUNK * 2 }],
    ['an extent before its chunk', { offset: CHUNK, extents: [[0, 12_288]] }],
    ['an extent behind its chunk', { extents: [[CHUNK - 4096, 12_288]] }],
    [
      'extents that overlap',
      {
        extents: [
          [4096, 8192],
          [8192, 4096],
        ],
      },
    ],
  ])('refuses a chunk with %s', async (_what, wrong) => {
    await writing(async (file) => {
      await file.begin(layout);
      await expect(file.append({ ...chunks[0], ...wrong })).rejects.toThrow(IntegrityError);
      expect(file.offsets).toEqual([]);
    });
  });

  it('refuses a chunk before the layout, and a layout that cannot be', async () => {
    await writing(async (file) => {
      await expect(file.append(chunks[0])).rejects.toThrow(/no layout was sent/);
      await expect(file.begin(Buffer.from('{"schema":1}'))).rejects.toThrow(/disk: /);
      const overlapping = layoutOf(2, CHUNK, {
        chunks: [
          [0, CHUNK],
          [4096, CHUNK],
        ],
      });
      await expect(file.begin(encodeLayout(overlapping))).rejects.toThrow(/overlaps/);
      await expect(file.begin(encodeLayout(layoutOf(2, CHUNK, { chunks: [[CHUNK, 2 * CHUNK]] })))).rejects.toThrow(
        /behind the disk/,
      );
    });
  });

  it('cuts off what a write left unfinished, wherever it was cut, and loses nothing before it', async () => {
    await writeAll(chunks.slice(0, 2));
    const whole = await readFile(path);
    const { frames } = await listFrames(path);
    const last = frames.at(-1)!;
    const cuts = [last.at + 1, last.at + 11, last.at + 44, last.storedAt, last.storedAt + 1, last.end - 1];
    for (const cut of cuts) {
      await writeFile(path, whole.subarray(0, cut));
      await expect(verifyChunks(path, context), `cut at ${String(cut)}`).rejects.toThrow(IntegrityError);
      await writing(async (file) => {
        expect(file.offsets).toEqual([0]);
        expect(await file.append(chunks[1])).toBe('written');
        await file.append(chunks[2]);
      });
      expect((await verifyChunks(path, context)).frames).toHaveLength(3);
    }
  });

  it('cuts off a last frame of the right length whose bytes never arrived, and zeros behind it', async () => {
    await writeAll(chunks.slice(0, 2));
    const last = (await listFrames(path)).frames.at(-1)!;
    await flip(last.end - 1);
    await writing(async (file) => expect(file.offsets).toEqual([0]));
    expect((await stat(path)).size).toBe(last.at);
    await appendFile(path, Buffer.alloc(5000));
    await writing(async (file) => expect(file.offsets).toEqual([0]));
    expect((await stat(path)).size).toBe(last.at);
  });

  it('begins anew where not even the layout was written whole', async () => {
    await writing((file) => file.begin(layout));
    await truncate(path, 60);
    await writing(async (file) => {
      expect(file.layout).toBeUndefined();
      expect(await file.begin(layout)).toBe('written');
    });
  });

  it('notices every flipped bit: in a prefix, a header, the layout and the data', async () => {
    await writeAll();
    const whole = await readFile(path);
    const { frames } = await listFrames(path);
    const places = [0, 9, 20, 50, frames[0]!.at + 3, frames[1]!.at + 9, frames[1]!.at + 60, frames[1]!.storedAt + 5];
    for (const at of [...places, whole.length - 1]) {
      await flip(at);
      await expect(verifyChunks(path, context), `flipped at ${String(at)}`).rejects.toThrow(IntegrityError);
      await writeFile(path, whole);
    }
    // The control.
    expect((await verifyChunks(path, context)).frames).toHaveLength(3);
  });

  it('is not complete while a chunk of its layout is missing', async () => {
    await writeAll([chunks[0], chunks[2]]);
    await expect(verifyChunks(path, context)).rejects.toThrow(
      `1 of 3 chunks are missing, the first at ${String(CHUNK)}`,
    );
  });

  it('is refused when its frames come in an order or a number that no writer makes', async () => {
    await writeAll();
    const whole = await readFile(path);
    const [first] = (await listFrames(path)).frames;
    const [head, frame] = [whole.subarray(0, first!.at), whole.subarray(first!.at, first!.end)];
    await writeFile(path, Buffer.concat([frame, head]));
    await expect(listFrames(path)).rejects.toThrow(/its first frame is not the layout/);
    await writeFile(path, Buffer.concat([whole, frame]));
    await expect(listFrames(path)).rejects.toThrow(/is there twice/);
    await writeFile(path, Buffer.concat([whole, head]));
    await expect(listFrames(path)).rejects.toThrow(/a second layout/);
    await writeFile(path, Buffer.concat([whole, Buffer.from('tail')]));
    await expect(listFrames(path)).rejects.toThrow(/no whole frame/);
    await writeFile(path, '');
    await expect(listFrames(path)).rejects.toThrow(/does not begin with a frame/);
  });

  it('has one writer, until that gives it back', async () => {
    const file = await openChunkFile(path);
    await expect(openChunkFile(path)).rejects.toThrow(UnavailableError);
    await file.close();
    await writing(async () => undefined);
  });

  it('carries out overlapping calls one after the other, also behind one that was refused', async () => {
    await writing(async (file) => {
      const begun = file.begin(layout);
      const refused = file.append({ ...chunks[1], sha256: '0'.repeat(64) });
      const [there, twice, last] = [file.append(chunks[0]), file.append(chunks[0]), file.append(chunks[2])];
      await expect(refused).rejects.toThrow(IntegrityError);
      expect(await Promise.all([begun, there, twice, last])).toEqual([
        'written',
        'written',
        'there already',
        'written',
      ]);
    });
  });

  it('does not unpack what is no zstd, or more or less than its header says', async () => {
    const honest = chunks[0];
    const wrong = [
      { ...honest, extents: [[4096, 4096] as [number, number]] },
      { ...honest, extents: [[4096, 16_384] as [number, number]] },
      { ...honest, stored: Buffer.from('no zstd at all'), sha256: sha256('no zstd at all') },
    ];
    for (const chunk of wrong) {
      const { stored, ...rest } = chunk;
      const header = { kind: 'data' as const, ...rest, storedBytes: stored.length };
      const describing = { kind: 'layout' as const, storedBytes: layout.length, sha256: sha256(layout) };
      await writeFile(path, Buffer.concat([encodeHeader(describing), layout, encodeHeader(header), stored]));
      const index = await listFrames(path);
      const expansion = { file: path, index, frames: index.frames };
      await expect(expandChunks(expansion, join(directory, 'raw'), context)).rejects.toThrow(/decompress a chunk/);
    }
  });
});

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
