import { posix } from 'node:path';
import { ImprintError } from '../domain/errors.ts';
import type { Revision, RevisionCopy } from '../domain/image.ts';
import type { Connecting } from '../library/fetch-connection.ts';
import { readManifest } from '../library/manifest.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Where a copy can be fetched, best first, and for each other copy the sentence that says why it cannot. */
export interface Sources {
  readonly sources: readonly Connecting[];
  readonly unusable: readonly string[];
}

/** First what the library's own host sees at the same path, then what management nodes give over SSH with a known host key. */
export async function findSources(
  deps: ActivityDependencies,
  revision: Revision,
  library: LibraryPlace,
): Promise<Sources> {
  const copies = (await deps.catalog.copies.list(revision.id)).filter((copy) => copy.library !== library.name);
  const seen = (await Promise.all(copies.map(async (copy) => await seenSource(library, revision, copy)))).flat();
  const reached = await Promise.all(copies.map(async (copy) => await sshSource(deps, copy)));
  return {
    sources: [...seen, ...reached.filter((source) => typeof source !== 'string')],
    unusable: reached.filter((source) => typeof source === 'string'),
  };
}

/** A file system that both hosts have mounted at the same place. */
async function seenSource(
  library: LibraryPlace,
  revision: Revision,
  { library: name, path }: RevisionCopy,
): Promise<readonly Connecting[]> {
  if (posix.dirname(path) === posix.resolve(library.root)) return [];
  try {
    const manifest = await readManifest(library, path, callContext());
    const isSame = manifest.revisionId === revision.id && manifest.source.run === revision.manifest?.source.run;
    return isSame ? [{ name: `library ${name}`, directory: path }] : [];
  } catch (error) {
    callContext().signal.throwIfAborted();
    if (error instanceof ImprintError) return [];
    throw error;
  }
}

async function sshSource(
  { catalog, libraryKey }: ActivityDependencies,
  { library, path }: RevisionCopy,
): Promise<Connecting | string> {
  const host = await catalog.copyTransfers.hostOf(library);
  if (host === undefined) return `library ${library} belongs to no management node`;
  const { address, sshPort: port, sshUser: user, hostKeys } = host;
  if (hostKeys.length === 0) {
    return `the host keys of ${library} are not known (imprint management-nodes edit ${library} --host-key KEY)`;
  }
  return {
    name: `library ${library}`,
    directory: path,
    ssh: { address, port, user, hostKeys },
    privateKey: libraryKey,
  };
}
