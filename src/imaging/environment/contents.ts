import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArchiveEntry } from './archive.ts';
import { moduleFiles } from './modules.ts';
import type { EnvironmentRecipe } from './recipe.ts';
import { filesBelow, librariesOf, readInside } from './stage.ts';

/** Names under which one program is called. */
const LINKS: Readonly<Record<string, string>> = {
  'sbin/modprobe': '../bin/kmod',
  'sbin/vgchange': 'lvm',
  'bin/sh': 'busybox',
};

const PASSWD = 'root:x:0:0:root:/:/bin/sh\n';

/** Everything that the initramfs holds, the agent's files under `imprint`. */
export async function environmentContents(
  recipe: EnvironmentRecipe,
  { stage, agent, scratch }: { readonly stage: string; readonly agent: string; readonly scratch: string },
): Promise<readonly ArchiveEntry[]> {
  const libraries = await Promise.all(recipe.programs.map(async (program) => await librariesOf(stage, program)));
  const below = await Promise.all(recipe.directories.map(async (directory) => await filesBelow(stage, directory)));
  const paths = [...new Set([...recipe.programs, ...libraries.flat(), ...recipe.files, ...below.flat()])];
  const files = await Promise.all(paths.map(async (path) => file(path.slice(1), await readInside(stage, path), true)));
  const links = Object.entries(LINKS).map(([path, target]): ArchiveEntry => {
    return { path, kind: 'link', content: Buffer.from(target), executable: false };
  });
  const own = [...(await agentFiles(agent)), file('etc/passwd', Buffer.from(PASSWD), false)];
  const entries = [...files, ...links, ...own, ...(await moduleFiles(stage, recipe.modules, scratch))];
  return [...directoriesOf(entries), ...entries];
}

/** The files of the agent, from where this package has them. `init` is the first process. */
export async function agentFiles(directory: string): Promise<readonly ArchiveEntry[]> {
  const names = (await readdir(directory)).sort();
  return await Promise.all(
    names.map(async (name) =>
      file(name === 'init' ? 'init' : `imprint/${name}`, await readFile(join(directory, name)), true),
    ),
  );
}

function file(path: string, content: Buffer, executable: boolean): ArchiveEntry {
  return { path, kind: 'file', content, executable };
}

/** A kernel makes no directory that the archive does not name before its files. */
function directoriesOf(entries: readonly ArchiveEntry[]): readonly ArchiveEntry[] {
  const paths = new Set<string>(['dev', 'proc', 'sys', 'run', 'tmp', 'mnt', 'etc']);
  for (const { path } of entries) for (let at = dirname(path); at !== '.'; at = dirname(at)) paths.add(at);
  return [...paths].map((path) => ({ path, kind: 'directory', content: Buffer.alloc(0), executable: false }));
}
