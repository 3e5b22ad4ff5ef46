import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { nameOfRevision, type Revision } from '../../domain/image.ts';
import type { RepositorySettings } from './settings.ts';

/** Ten hexadecimal digits that stand for a run in names of files; the same for every attempt of it. */
export function runTag(owner: string): string {
  return createHash('sha256').update(owner).digest('hex').slice(0, 10);
}

/** The template with the revision's name, and the disk's where one is meant. */
export function fillIn(template: string, revision: Pick<Revision, 'image' | 'revision'>, disk = ''): string {
  return template.replaceAll('{name}', nameOfRevision(revision)).replaceAll('{disk}', disk);
}

/** One disk of an image: where the imaging environment has it, and its file in the library. */
export interface RepositoryDisk {
  readonly name: string;
  /** Absolute, on the host of xCAT. Exactly this file: `web-v1` is no part of `web-v10`. */
  readonly path: string;
  /** `sda.img.gz`: what stands behind the names in the template says how it is packed. */
  readonly file: string;
}

export function disksOf(
  repository: RepositorySettings,
  revision: Pick<Revision, 'image' | 'revision'>,
): readonly RepositoryDisk[] {
  const { directory, file, disks } = repository;
  const ending = file.slice(file.lastIndexOf('}') + 1);
  return disks.map((name) => ({
    name,
    path: posix.join(directory, fillIn(file, revision, name)),
    file: `${name}${ending === '' || ending.startsWith('.') ? ending : `.${ending}`}`,
  }));
}
