import { InvalidInputError } from '../domain/errors.ts';
import { parseImageReference, type NumberedRevision } from '../domain/names.ts';

/** Reads `IMAGE@REVISION`. Here the number is needed: what an image's name alone means may change under one's hands. */
export function parseNumberedRevision(value: string): NumberedRevision {
  const { image, revision } = parseImageReference(value);
  if (revision !== undefined) return { image, revision };
  throw new InvalidInputError(`name the revision too, as in ${image}@1; imprint images show ${image} lists them`);
}
