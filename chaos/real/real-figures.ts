import { manifestOf, publishedNames } from '../published.ts';
import type { WorkFigures } from '../results.ts';
import type { RealStage } from './real-stage.ts';
import { repeatedCopies, repeatedStarts } from './repeated.ts';

/** What was done to the machines. A copy that was killed had moved what its file took; one that should not have been moved it all again. */
export async function figuresOfRealWork(stage: RealStage): Promise<WorkFigures> {
  const copies = repeatedCopies(stage);
  const published = await bytesPublished(stage);
  const jobKilled = stage.copiesKilled.reduce((sum, { bytes }) => sum + bytes, 0);
  const mean = published.images === 0 ? 0 : published.bytes / published.images;
  const otherwise = copies.reduce((sum, { times, allowed }) => sum + (times - allowed) * mean, 0);
  return {
    duplicated: copies.length + (await repeatedStarts(stage)).length,
    bytesCopied: published.bytes + jobKilled,
    bytesCopiedAgain: { jobKilled, otherwise },
  };
}

async function bytesPublished({ imprint }: RealStage): Promise<{ readonly images: number; readonly bytes: number }> {
  const names = (await publishedNames(imprint.library)).filter((name) => name.startsWith('image-'));
  const manifests = await Promise.all(names.map(async (name) => await manifestOf(imprint.library, name)));
  const sizes = manifests.flatMap(({ disks }) => disks.map(({ sizeBytes }) => sizeBytes));
  return { images: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
