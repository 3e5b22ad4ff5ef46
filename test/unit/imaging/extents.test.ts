import { describe, expect, it } from 'vitest';
import { CHUNK_BYTES, cutIntoChunks, gapsBetween, mergeExtents } from '../../../src/imaging/extents.ts';

describe('extents', () => {
  it('are joined where they touch or overlap', () => {
    expect(mergeExtents([[10, 5], [0, 10], [20, 4], [22, 10], [40, 0]])).toEqual([[0, 15], [20, 12]]); // prettier-ignore
  });

  it('leave gaps between them, and at both ends', () => {
    expect(gapsBetween([[10, 5], [20, 5]], [0, 30])).toEqual([[0, 10], [15, 5], [25, 5]]); // prettier-ignore
    expect(gapsBetween([], [0, 30])).toEqual([[0, 30]]);
    expect(gapsBetween([[0, 30]], [0, 30])).toEqual([]);
  });

  it('are cut at the same places whatever lies before them, and the last chunk ends with the disk', () => {
    const disk = 3 * CHUNK_BYTES - 512;
    const chunks = cutIntoChunks([[CHUNK_BYTES - 512, 1_024], [disk - 512, 512]], disk); // prettier-ignore
    expect(chunks).toEqual([
      { offset: 0, length: CHUNK_BYTES, extents: [[CHUNK_BYTES - 512, 512]] },
      { offset: CHUNK_BYTES, length: CHUNK_BYTES, extents: [[CHUNK_BYTES, 512]] },
      { offset: 2 * CHUNK_BYTES, length: CHUNK_BYTES - 512, extents: [[disk - 512, 512]] },
    ]);
  });
});
