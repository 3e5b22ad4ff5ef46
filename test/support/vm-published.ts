import type { Revision } from '../../src/domain/image.ts';
import { verifyCopy } from '../../src/library/verify-copy.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import type { VmImprint } from './vm-imprint.ts';

/** Checks of the seal that were not passed. */
export function notPassed(revision: Revision | undefined): readonly string[] {
  if (revision?.manifest === undefined) throw new Error('there is no manifest');
  return revision.manifest.sealChecks.filter(({ outcome }) => outcome !== 'passed').map(({ check }) => check);
}

/** Proves the published copy of an image, as a load onto the node does. */
export async function verifyPublished(imprint: VmImprint, node: string, image: string): Promise<unknown> {
  const revision = await imprint.catalog.revisions.resolve({ image });
  const copy = await imprint.catalog.copies.find(revision.id, imprint.library.name);
  if (revision.manifest === undefined || copy === undefined) throw new Error(`${image} was not published`);
  const request = { copy, manifest: revision.manifest, fence: { node, owner: 'control', epoch: 1 } };
  return await verifyCopy(imprint.library, createJobs(), request, imprint.context);
}
