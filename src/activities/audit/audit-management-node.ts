import type { Computer } from '../../domain/computer.ts';
import { ImprintError, errorChain } from '../../domain/errors.ts';
import { limitFindings, type Finding } from '../../domain/finding.ts';
import { exists } from '../../library/inventory.ts';
import { libraryPaths } from '../../library/paths.ts';
import { requireWritable } from '../../library/prepare.ts';
import type { LibraryPlace } from '../../remote/library-place.ts';
import { callContext } from '../call.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { hostLibraryOf } from '../host-library.ts';
import { findCopies } from './copy-findings.ts';
import { findLackingStaging, findLeftDirectories, findUnknownImages, type LibraryLook } from './library-findings.ts';
import { createStandings } from './standing.ts';
import { findStrays } from './stray-findings.ts';

/** What lies in the libraries and on the provisioning systems that one management node reaches. Reads only. */
export async function auditManagementNode(
  deps: ActivityDependencies,
  managementNode: string,
): Promise<readonly Finding[]> {
  const computers = (await deps.catalog.computers.list()).filter((one) => one.managementNode === managementNode);
  const standings = createStandings(deps);
  const findings: Finding[] = [];
  for (const place of librariesOf(deps, computers)) {
    const where = `library ${place.name}`;
    const look = { deps, place, managementNode, standings };
    findings.push(...(await seen(where, async () => await auditLibrary(look))));
  }
  for (const system of new Set(computers.map(({ provisioningSystem }) => provisioningSystem))) {
    const here = computers.filter(({ provisioningSystem }) => provisioningSystem === system);
    const where = `${system} of management node ${managementNode}`;
    findings.push(...(await seen(where, async () => await findStrays(deps, system, here))));
  }
  return limitFindings(findings, `management node ${managementNode}`);
}

/** Its own, and those of the hosts that its computers name. */
export function librariesOf(deps: ActivityDependencies, computers: readonly Computer[]): readonly LibraryPlace[] {
  const places = new Map([[deps.library.name, deps.library]]);
  for (const computer of computers) {
    const own = hostLibraryOf(deps, computer);
    if (own !== undefined) places.set(own.name, own);
  }
  return [...places.values()];
}

async function auditLibrary(look: LibraryLook): Promise<readonly Finding[]> {
  if (!(await isInUse(look))) return [];
  // A share that is not mounted must not look like a library from which everything was deleted.
  await requireWritable(look.place, callContext());
  return [
    ...(await findLeftDirectories(look)),
    ...(await findLackingStaging(look)),
    ...(await findUnknownImages(look)),
    ...(await findCopies(look)),
  ];
}

/** That of a host is made when a capture first needs it. */
async function isInUse({ deps: { catalog, library }, place }: LibraryLook): Promise<boolean> {
  if (place.name === library.name || (await exists(place, libraryPaths(place).stagingRoot, callContext()))) return true;
  for (const { name } of await catalog.revisions.listImages()) {
    for (const { id } of await catalog.revisions.list(name)) {
      if ((await catalog.copies.find(id, place.name)) !== undefined) return true;
    }
  }
  return false;
}

/** What cannot be looked at is a finding itself, and does not keep anybody from looking at the rest. */
async function seen(where: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ImprintError) || callContext().signal.aborted) throw error;
    const why = `it could not be looked at: ${errorChain(error)}`;
    return [{ kind: 'unseen', subject: where, where, why, remedy: 'See to that, then look again.' }];
  }
}
