import { extname, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { diskFormats, type DiskFormat } from '../domain/image.ts';

/** A disk file and its format. */
export interface DiskFile {
  readonly path: string;
  readonly format: DiskFormat;
}

/**
 * `disk.img:raw`, `disk.qcow2`: the format is what follows the last colon, or else the file's extension. The content is never asked: it
 * may have been written by a guest that wants to be taken for another format.
 */
export function parseDiskFile(value: string): DiskFile {
  const at = value.lastIndexOf(':');
  const named = at > 0 ? formatOf(value.slice(at + 1)) : undefined;
  if (named !== undefined) return { path: resolve(value.slice(0, at)), format: named };
  const format = formatOf(extname(value).slice(1));
  if (format !== undefined) return { path: resolve(value), format };
  throw new InvalidArgumentError(
    `${value}: its format is not known; add it after a colon (${diskFormats.map((known) => `${value}:${known}`).join(', ')})`,
  );
}

function formatOf(name: string): DiskFormat | undefined {
  return diskFormats.find((known) => known === name.toLowerCase());
}
