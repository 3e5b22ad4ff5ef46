import { InvalidInputError } from './errors.ts';

/**
 * Names of nodes and images become file names, domain names and parts of workflow ids. They start and end with a letter or digit and
 * hold letters, digits, dots, underscores and hyphens only; at most 63 characters (the limit of a DNS label, RFC 1035).
 */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** Returns `value` when it can be a name; throws InvalidInputError, naming `what`, when it cannot. */
export function parseName(what: string, value: unknown): string {
  if (typeof value === 'string' && NAME.test(value) && !value.includes('..')) return value;
  throw new InvalidInputError(
    `${what}: expected 1 to 63 letters, digits, dots, underscores or hyphens, beginning and ending with a letter or digit; got ${JSON.stringify(value)}`,
  );
}

/** The name of an image as an argument gives it: `web`, `web@3`. */
export interface ImageReference {
  readonly image: string;
  /** Absent means the image's production revision. */
  readonly revision?: number;
}

/** One revision of an image, by its number. */
export interface NumberedRevision {
  readonly image: string;
  readonly revision: number;
}

/** Reads `IMAGE` or `IMAGE@REVISION`; throws InvalidInputError when it is neither. */
export function parseImageReference(value: string): ImageReference {
  const [image, revision, ...rest] = value.split('@');
  if (rest.length > 0)
    throw new InvalidInputError(`image: expected IMAGE or IMAGE@REVISION; got ${JSON.stringify(value)}`);
  const name = parseImageName(image);
  return revision === undefined ? { image: name } : { image: name, revision: parseRevisionNumber(revision) };
}

/** An image's name must not end as a revision's does (`-v3`): `web-v3` is revision 3 of `web` in every file and on every node. */
export function parseImageName(value: unknown): string {
  const name = parseName('image', value);
  if (/-v\d+$/.test(name)) {
    throw new InvalidInputError(
      `image: ${JSON.stringify(name)} ends like a revision; give the image's name without -vN`,
    );
  }
  return name;
}

/** Reads a revision number, 1 or greater; throws InvalidInputError. */
export function parseRevisionNumber(value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidInputError(`revision: expected a whole number from 1; got ${JSON.stringify(value)}`);
}

/** `demo-web`, 1 → `demo-web-v1`: how a revision is called on disk and in currentimage.txt. */
export function revisionName(image: string, revision: number): string {
  return `${image}-v${String(revision)}`;
}
