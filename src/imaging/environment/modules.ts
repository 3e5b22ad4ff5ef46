import { mkdir, readdir, readFile, cp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { IntegrityError } from '../../domain/errors.ts';
import type { ArchiveEntry } from './archive.ts';

/** The chosen drivers with all that they depend on, and the tables by which modprobe finds them. `scratch` is left as it was not. */
export async function moduleFiles(
  stage: string,
  wanted: readonly string[],
  scratch: string,
): Promise<readonly ArchiveEntry[]> {
  const version = await kernelVersion(stage);
  await execa('depmod', ['-b', stage, version]);
  const root = join(stage, 'lib/modules', version);
  const needed = closure(readDependencies(await readFile(join(root, 'modules.dep'), 'utf8')), wanted);
  const kept = join(scratch, 'lib/modules', version);
  for (const path of needed) {
    await mkdir(dirname(join(kept, path)), { recursive: true });
    await cp(join(root, path), join(kept, path));
  }
  for (const table of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    await cp(join(root, table), join(kept, table));
  await execa('depmod', ['-b', scratch, version]);
  const entries = await filesBelow(scratch);
  await rm(scratch, { recursive: true });
  return entries;
}

/** `6.1.0-57-amd64`. */
export async function kernelVersion(stage: string): Promise<string> {
  const [version, ...others] = await readdir(join(stage, 'lib/modules'));
  if (version === undefined || others.length > 0)
    throw new IntegrityError('find the kernel of the imaging environment: there is not exactly one', {
      evidence: { version, others },
    });
  return version;
}

/** `kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/…`, as depmod writes it: already with what the others depend on. */
export function readDependencies(table: string): ReadonlyMap<string, readonly string[]> {
  const lines = table.split('\n').filter((line) => line.includes(':'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')),
      line
        .slice(line.indexOf(':') + 1)
        .split(' ')
        .filter((path) => path !== ''),
    ]),
  );
}

/** The modules whose path below `kernel/` begins with one that is wanted, and what they depend on, sorted. */
export function closure(
  dependencies: ReadonlyMap<string, readonly string[]>,
  wanted: readonly string[],
): readonly string[] {
  const chosen = [...dependencies].filter(([path]) =>
    wanted.some((beginning) => path.startsWith(`kernel/${beginning}`)),
  );
  return [...new Set(chosen.flatMap(([path, others]) => [path, ...others]))].sort();
}

async function filesBelow(directory: string): Promise<readonly ArchiveEntry[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return await Promise.all(
    files.map(async (file): Promise<ArchiveEntry> => {
      const path = file.slice(directory.length + 1);
      return { path, kind: 'file', content: await readFile(file), executable: false };
    }),
  );
}
