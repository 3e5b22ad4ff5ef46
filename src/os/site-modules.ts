import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError } from '../domain/errors.ts';
import { siteEntries } from './site-entries.ts';

/** The names in `drivers/modules` of a layer of the site: one a line, `#` begins a comment. Empty without that file. */
export async function listedModules(root: string, layer: string): Promise<readonly string[]> {
  const directory = join(layer, 'drivers');
  // Looked at first, so that a list that others could change is refused.
  const entries = await siteEntries(root, directory);
  if (!entries.some(({ path }) => path === 'modules')) return [];
  const file = join(root, directory, 'modules');
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.replace(/#.*/, '').trim());
  const names = lines.filter((line) => line !== '');
  const wrong = names.find((name) => !/^[A-Za-z0-9_-]+$/.test(name));
  if (wrong === undefined) return names;
  throw new InvalidInputError(`${file}: expected names of kernel modules, one a line; got ${JSON.stringify(wrong)}`);
}
