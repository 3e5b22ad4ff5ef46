import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunHandle } from '../../src/client.ts';
import { runKey } from '../../src/library/paths.ts';
import { namesIn, type VmImprint } from './vm-imprint.ts';

/** What there is of a run beside its record. */
export async function leftBy(
  imprint: VmImprint,
  node: string,
  { run, image }: { readonly run: RunHandle<unknown>; readonly image: string },
): Promise<unknown> {
  const { catalog, library } = imprint;
  const known = (await catalog.revisions.findImage(image)) !== undefined;
  return {
    state: (await catalog.computers.get(node)).state,
    owner: (await catalog.claims.find(node))?.owner,
    revisions: known ? (await catalog.revisions.list(image)).map(({ state }) => state) : 'no image',
    staging: (await namesIn(join(library.root, '.staging'))).filter((name) => name.startsWith(runKey(run.id))),
    jobs: [
      ...(await namesIn(join(library.root, '.jobs', runKey(run.id)))),
      ...(await namesIn(join(imprint.directoryOf(node), '.jobs'))),
    ],
    published: (await namesIn(library.root)).filter((name) => name.startsWith(`${image}-v`)),
  };
}

/** What a refused load must leave as it was. */
export async function nodeState(imprint: VmImprint, node: string): Promise<unknown> {
  const { hostKeys, currentRevisionId } = await imprint.catalog.computers.get(node);
  const directory = imprint.directoryOf(node);
  const files = (await namesIn(directory)).filter((name) => name.endsWith('.qcow2'));
  const disks = await Promise.all(files.map(async (name) => [name, (await stat(join(directory, name))).mtimeMs]));
  const definition = await imprint.virsh('dumpxml', '--inactive', node);
  return { hostKeys, currentRevisionId, disks, definition, power: await imprint.virsh('domstate', node) };
}
