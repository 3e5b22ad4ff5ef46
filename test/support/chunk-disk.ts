import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { openChunkFile, type ChunkToAppend } from '../../src/library/chunks/chunk-file.ts';
import type { ChunkLayout } from '../../src/library/chunks/layout.ts';

/** A chunk with these bytes at each extent, as a machine would send it. */
export function chunkOf(
  [offset, length]: readonly [number, number],
  extents: readonly (readonly [at: number, content: Uint8Array])[],
): ChunkToAppend {
  const content = Buffer.concat(extents.map(([, bytes]) => bytes));
  const stored = execFileSync('zstd', ['-q', '-c', '-1'], { input: content, maxBuffer: 1024 ** 3 });
  return {
    offset,
    length,
    extents: extents.map(([at, bytes]) => [at, bytes.length]),
    stored,
    sha256: createHash('sha256').update(stored).digest('hex'),
  };
}

/** The layout of a disk of `chunks` chunks, of `chunkBytes` each, without a partition table. */
export function layoutOf(chunks: number, chunkBytes: number, more: Partial<ChunkLayout> = {}): ChunkLayout {
  const sizeBytes = chunks * chunkBytes;
  return {
    schema: 1,
    disk: { name: 'sda', sizeBytes, sectorBytes: 512, serial: 'S1' },
    table: { kind: 'none', script: '' },
    contents: [],
    chunks: Array.from({ length: chunks }, (_, index) => [index * chunkBytes, chunkBytes] as [number, number]),
    ...more,
  };
}

export function encodeLayout(layout: ChunkLayout): Buffer {
  return Buffer.from(JSON.stringify(layout));
}

/** Makes a raw disk into a disk of chunks; a chunk of zeros is stored without an extent. */
export async function writeChunks(raw: string, file: string, more: Partial<ChunkLayout> = {}): Promise<ChunkLayout> {
  const bytes = await readFile(raw);
  const chunkBytes = 1024 ** 2;
  const whole = layoutOf(Math.ceil(bytes.length / chunkBytes), chunkBytes);
  const layout = { ...whole, disk: { ...whole.disk, sizeBytes: bytes.length }, ...more };
  const chunks = layout.chunks.map(([at, length]): [number, number] => [at, Math.min(length, bytes.length - at)]);
  const target = await openChunkFile(file);
  try {
    await target.begin(encodeLayout({ ...layout, chunks }));
    for (const [at, length] of chunks) {
      const content = bytes.subarray(at, at + length);
      await target.append(chunkOf([at, length], content.every((byte) => byte === 0) ? [] : [[at, content]]));
    }
  } finally {
    await target.close();
  }
  return { ...layout, chunks };
}
