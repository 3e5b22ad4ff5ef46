import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { parseImageName, parseName, parseRevisionNumber, revisionName } from '../domain/names.ts';
import type { LibraryPlace } from '../remote/library-place.ts';

/** What names a revision in a library. */
export interface RevisionKey {
  readonly image: string;
  readonly revision: number;
}

/** Every path of a library, absolute on its host. Each function checks its names and throws InvalidInputError. */
export interface LibraryPaths {
  readonly root: string;
  /** Where runs write before they publish: one directory a run, in the library's own file system. */
  readonly stagingRoot: string;
  readonly jobsRoot: string;
  revision(key: RevisionKey): string;
  /** `owner` is the run's workflow id. */
  staging(owner: string): string;
  /** Directories of the run's jobs. */
  jobs(owner: string): string;
  job(owner: string, id: string): string;
}

/** The longest file name is 255 bytes; job engines append suffixes. */
const LONGEST_KEY = 180;

export function libraryPaths(place: Pick<LibraryPlace, 'root'>): LibraryPaths {
  const root = posix.resolve('/', place.root);
  const stagingRoot = posix.join(root, '.staging');
  const jobsRoot = posix.join(root, '.jobs');
  return {
    root,
    stagingRoot,
    jobsRoot,
    revision: (key) => posix.join(root, revisionName(parseImageName(key.image), parseRevisionNumber(key.revision))),
    staging: (owner) => posix.join(stagingRoot, runKey(owner)),
    jobs: (owner) => posix.join(jobsRoot, runKey(owner)),
    job: (owner, id) => posix.join(jobsRoot, runKey(owner), parseName('job', id)),
  };
}

/** The path of a file in a directory of the library; a name with path characters is an InvalidInputError. */
export function fileIn(directory: string, file: string): string {
  return posix.join(directory, parseName('file', file));
}

/**
 * A workflow id as a file name: `captureImage/lab-07/01J…` becomes `captureImage+lab-07+01J…`. Two ids never share one: every byte
 * but letters, digits, `.`, `_` and `-` is written as `=` and two hexadecimal digits, and what would be too long ends in `=h` and its SHA-256.
 */
export function runKey(owner: string): string {
  const key = [...Buffer.from(owner, 'utf8')].map(escapeByte).join('').replace(/^\./, '=2E');
  if (key.length <= LONGEST_KEY) return key === '' ? '=' : key;
  return `${key.slice(0, LONGEST_KEY / 2)}=h${createHash('sha256').update(owner).digest('hex')}`;
}

/** The workflow id that a directory's name was made from; undefined for a name that was shortened, or that `runKey` never gives. */
export function ownerOfKey(key: string): string | undefined {
  if (/=h[0-9a-f]{64}$/.test(key)) return undefined;
  const bytes = key
    .replaceAll('%', '%25')
    .replace(/\+/g, '/')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => `%${hex}`);
  try {
    const owner = decodeURIComponent(bytes);
    return runKey(owner) === key ? owner : undefined;
  } catch {
    return undefined;
  }
}

function escapeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '/') return '+';
  return /[A-Za-z0-9._-]/.test(character) ? character : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
