import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidInputError } from '../domain/errors.ts';
import { siteEntries } from './site-entries.ts';
import { listedModules } from './site-modules.ts';

const LAYERS = ['systems', 'images'];
const IN_A_LAYER = ['pre_capture.d', 'post_load.d', 'files', 'drivers'];

/**
 * Looks at the whole directory of the site before anything is captured or loaded with it. InvalidInputError when it is missing, when others
 * could change what will run as root, and for a name that means nothing.
 */
export async function checkSiteDirectory(root: string): Promise<void> {
  const found = await stat(root).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new InvalidInputError(`IMPRINT_SITE: there is no directory ${root}`);
  for (const { path } of await siteEntries(root, '')) {
    checkName(root, path);
    if (/^((systems|images)\/[^/]+\/)?drivers\/modules$/.test(path)) await listedModules(root, dirname(dirname(path)));
  }
}

/** `files/etc/motd`, `images/web/files/etc/motd`: what counts is the name inside its layer. */
function checkName(root: string, path: string): void {
  const parts = path.split('/');
  const isInner = LAYERS.includes(parts[0] ?? '');
  const [name] = isInner ? parts.slice(2) : parts;
  if (name === undefined || IN_A_LAYER.includes(name) || /^(\.|README)/.test(name)) return;
  const known = isInner ? IN_A_LAYER : [...IN_A_LAYER, ...LAYERS];
  throw new InvalidInputError(`IMPRINT_SITE: ${join(root, path)} means nothing; expected ${known.join(', ')}`);
}
