import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidInputError } from '../domain/errors.ts';
import { parseDiskFile, type DiskFile } from './parse-disk-file.ts';

/** What an import is given: a disk file, or a directory that an export wrote. */
export type ImportSource = DiskFile | { readonly directory: string };

/** For arguments that may be given several times. */
export function collectSource(value: string, earlier: readonly ImportSource[] | undefined): readonly ImportSource[] {
  const isDirectory = statSync(value, { throwIfNoEntry: false })?.isDirectory() === true;
  return [...(earlier ?? []), isDirectory ? { directory: resolve(value) } : parseDiskFile(value)];
}

/** Either disk files or one directory. */
export function chooseSource(
  sources: readonly ImportSource[],
): { readonly files: readonly DiskFile[] } | { readonly directory: string } {
  const [first] = sources;
  if (first !== undefined && 'directory' in first && sources.length === 1) return first;
  const files = sources.filter((source): source is DiskFile => !('directory' in source));
  if (files.length === sources.length) return { files };
  throw new InvalidInputError('give disk files, or one exported directory');
}
