import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { CapacityError, InvalidInputError } from '../domain/errors.ts';
import { listedModules } from './site-modules.ts';
import type { Site, SiteFiles, SiteScope, SiteScript, SiteStage } from './site.ts';
import { siteEntries } from './site-entries.ts';

/** An archive is held in memory on its way to the guest. */
const ARCHIVE_LIMIT_BYTES = 256 * 1024 * 1024;

/** Later ones add to the earlier, and replace their files. */
function layersOf({ operatingSystem, image }: SiteScope): readonly string[] {
  return ['', join('systems', operatingSystem), join('images', image)];
}

/**
 * The additions in a directory of the management node: `pre_capture.d`, `post_load.d`, `files`, `drivers/modules`, and the same again below
 * `systems/<operating system>` and `images/<image>`.
 */
export function createSiteDirectory(root: string): Site {
  return {
    scripts: async (stage, scope) => await scriptsOf(root, stage, scope),
    files: async (scope) => await filesOf(root, scope),
    modules: async (scope) => await modulesOf(root, scope),
  };
}

/** Files that may be executed, directly in the stage's directory; what is not executable is data or a note. */
async function scriptsOf(root: string, stage: SiteStage, scope: SiteScope): Promise<readonly SiteScript[]> {
  const scripts: SiteScript[] = [];
  for (const layer of layersOf(scope)) {
    const directory = join(layer, `${stage}.d`);
    for (const { path, kind, isExecutable } of await siteEntries(root, directory)) {
      const name = join(directory, path);
      if (path.includes('/') || path.startsWith('.')) continue;
      if (kind === 'link')
        throw new InvalidInputError(`site: ${join(root, name)} is a link; put the script itself there`);
      if (kind !== 'file' || !isExecutable) continue;
      scripts.push({ name, content: await readFile(join(root, name)) });
    }
  }
  return scripts;
}

async function filesOf(root: string, scope: SiteScope): Promise<SiteFiles | undefined> {
  const places = new Map<string, string>();
  for (const layer of layersOf(scope)) {
    const directory = join(layer, 'files');
    for (const { path, kind } of await siteEntries(root, directory)) {
      if (kind !== 'directory') places.set(path, join(root, directory));
    }
  }
  if (places.size === 0) return undefined;
  return { archive: await archiveOf(places), paths: [...places.keys()] };
}

/** One archive of several directories; `-C` in the list says where the following paths lie. */
async function archiveOf(places: ReadonlyMap<string, string>): Promise<Uint8Array> {
  const list = [...places].map(([path, directory]) => `-C${directory}\n./${path}\n`).join('');
  const options = [
    '--create',
    '--file=-',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--no-unquote',
    '--files-from=-',
  ];
  const { stdout, isMaxBuffer, exitCode, stderr } = await execa('tar', options, {
    ...{ input: list, encoding: 'buffer', reject: false, maxBuffer: ARCHIVE_LIMIT_BYTES, env: { LC_ALL: 'C' } },
  });
  if (isMaxBuffer) throw new CapacityError('read the files of the site: they are more than 256 MiB');
  if (exitCode === 0) return stdout;
  throw new InvalidInputError(`read the files of the site: ${Buffer.from(stderr).toString().trim()}`);
}

async function modulesOf(root: string, scope: SiteScope): Promise<readonly string[]> {
  const modules = new Set<string>();
  for (const layer of layersOf(scope)) {
    for (const name of await listedModules(root, layer)) modules.add(name);
  }
  return [...modules];
}
