import { createHash } from 'node:crypto';
import type { CallContext } from '../domain/call-context.ts';
import { IntegrityError } from '../domain/errors.ts';
import type { ImageDisk, RevisionCopy } from '../domain/image.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { fileIn } from './paths.ts';

/**
 * The bytes of a file of a published copy that is small enough to be held in memory, hashed. IntegrityError when they are not what was published,
 * NotFoundError when the file is gone.
 */
export async function readImageFile(
  place: LibraryPlace,
  copy: Pick<RevisionCopy, 'path'>,
  { file, sha256 }: Pick<ImageDisk, 'file' | 'sha256'>,
  context: CallContext,
): Promise<Uint8Array> {
  const path = fileIn(copy.path, file);
  const bytes = await place.shell.download(path, { signal: context.signal, timeoutMs: 60_000 });
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === sha256) return bytes;
  throw new IntegrityError(`read ${path} in library ${place.name}: its content is not what was published`, {
    evidence: { expectedSha256: sha256, foundSha256: found },
  });
}
