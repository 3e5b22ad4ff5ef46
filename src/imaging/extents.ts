/** Bytes of a device: where they begin and how many they are. */
export type Extent = readonly [offset: number, length: number];

/** Sorted, without overlaps, with what touches joined. */
export function mergeExtents(extents: readonly Extent[]): readonly Extent[] {
  const merged: [number, number][] = [];
  for (const [offset, length] of extents.filter((extent) => extent[1] > 0).toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last === undefined || offset > last[0] + last[1]) merged.push([offset, length]);
    else last[1] = Math.max(last[1], offset + length - last[0]);
  }
  return merged;
}

/** What of `within` lies in none of `taken`. */
export function gapsBetween(taken: readonly Extent[], within: Extent): readonly Extent[] {
  const gaps: Extent[] = [];
  const end = within[0] + within[1];
  let at = within[0];
  for (const [offset, length] of mergeExtents(taken)) {
    if (offset > at) gaps.push([at, Math.min(offset, end) - at]);
    at = Math.max(at, offset + length);
  }
  if (at < end) gaps.push([at, end - at]);
  return gaps.filter((gap) => gap[1] > 0);
}

/** Self-contained piece of a disk: a window of it, and what of the window is used. Offsets are those of the disk. */
export interface ChunkPlan {
  readonly offset: number;
  readonly length: number;
  readonly extents: readonly Extent[];
}

/** Small enough to lie in memory several times on a machine with 512 MiB, and to be sent again without regret. */
export const CHUNK_BYTES = 8 * 1024 ** 2;

/** Cuts used extents into windows of `CHUNK_BYTES`, aligned, so that the same disk is always cut the same way. Windows without use are left out. */
export function cutIntoChunks(used: readonly Extent[], diskBytes: number): readonly ChunkPlan[] {
  const windows = new Map<number, Extent[]>();
  for (const [offset, length] of mergeExtents(used)) {
    for (let at = offset; at < offset + length;) {
      const window = Math.floor(at / CHUNK_BYTES) * CHUNK_BYTES;
      const end = Math.min(offset + length, window + CHUNK_BYTES);
      windows.set(window, [...(windows.get(window) ?? []), [at, end - at]]);
      at = end;
    }
  }
  return [...windows].map(([offset, extents]) => ({
    offset,
    length: Math.min(CHUNK_BYTES, diskBytes - offset),
    extents,
  }));
}

/** How many bytes these are together. */
export function totalBytes(extents: readonly Extent[]): number {
  return extents.reduce((sum, [, length]) => sum + length, 0);
}
