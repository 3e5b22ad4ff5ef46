import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorChain, InvalidInputError } from '../domain/errors.ts';

/** Something below a directory of the site. */
export interface SiteEntry {
  /** Relative to the directory that was asked for. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  readonly isExecutable: boolean;
}

/** Permission bit: anybody may write. */
const OTHERS_WRITE = 0o002;
const ANY_EXECUTE = 0o111;

/**
 * All that lies below a directory of the site, in lexical order of the whole paths; empty when the directory is missing. InvalidInputError
 * names what must not be there: what others could change, since it runs as root on every node; and what is no file, directory or link.
 */
export async function siteEntries(root: string, directory: string): Promise<readonly SiteEntry[]> {
  const home = join(root, directory);
  const first = await look(home);
  if (first === undefined) return [];
  if (first.kind !== 'directory') throw new InvalidInputError(`site: ${home} is no directory`);
  return await below(home, '');
}

async function below(home: string, path: string): Promise<readonly SiteEntry[]> {
  const names = (await readdir(join(home, path))).sort(byBytes);
  const entries: SiteEntry[] = [];
  for (const name of names) {
    const inner = join(path, name);
    const found = await look(join(home, inner));
    if (found === undefined) continue;
    entries.push({ path: inner, ...found });
    if (found.kind === 'directory') entries.push(...(await below(home, inner)));
  }
  return entries;
}

async function look(path: string): Promise<Omit<SiteEntry, 'path'> | undefined> {
  // A name goes into a list of lines.
  if (/[\u0000-\u001f\u007f]/.test(path))
    throw new InvalidInputError(`site: ${JSON.stringify(path)} is no usable name`);
  const stats = await lstat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InvalidInputError(`site: could not look at ${path}: ${errorChain(error)}`, { cause: error });
  });
  if (stats === undefined) return undefined;
  if (stats.uid !== 0 && stats.uid !== process.getuid?.())
    throw new InvalidInputError(
      `site: ${path} belongs to user ${String(stats.uid)}, who is neither root nor the worker's own`,
    );
  if (stats.isSymbolicLink()) return { kind: 'link', isExecutable: false };
  if (!stats.isFile() && !stats.isDirectory())
    throw new InvalidInputError(`site: ${path} is neither a file nor a directory nor a link`);
  if ((stats.mode & OTHERS_WRITE) !== 0)
    throw new InvalidInputError(`site: anybody may write ${path}; take that right away (chmod o-w)`);
  return { kind: stats.isFile() ? 'file' : 'directory', isExecutable: (stats.mode & ANY_EXECUTE) !== 0 };
}

/** As `LC_ALL=C ls`: the same on every management node. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
