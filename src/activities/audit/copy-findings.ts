import { IntegrityError, NotFoundError } from '../../domain/errors.ts';
import type { Finding } from '../../domain/finding.ts';
import { nameOfRevision, type Revision, type RevisionCopy } from '../../domain/image.ts';
import { identifyFiles } from '../../library/file-identity.ts';
import { readManifest } from '../../library/manifest.ts';
import { callContext } from '../call.ts';
import type { LibraryLook } from './library-findings.ts';

/** Revisions that can be loaded, or could be again, whose bytes are not in this library as the catalog says. Names and sizes, no checksums. */
export async function findCopies(look: LibraryLook): Promise<readonly Finding[]> {
  const { catalog } = look.deps;
  const findings: Finding[] = [];
  for (const { name } of await catalog.revisions.listImages()) {
    for (const { id, state } of await catalog.revisions.list(name)) {
      if (state !== 'available' && state !== 'retired') continue;
      const copy = await catalog.copies.find(id, look.place.name);
      const problem = copy === undefined ? undefined : await problemOf(look, copy);
      // Deleted since the list was made, perhaps.
      const revision = problem === undefined ? undefined : await catalog.revisions.get(id);
      if (problem !== undefined && revision?.state === state) findings.push(copyFinding(look, revision, problem));
    }
  }
  return findings;
}

async function problemOf({ place }: LibraryLook, copy: RevisionCopy): Promise<string | undefined> {
  const context = callContext();
  try {
    const manifest = await readManifest(place, copy.path, context);
    if (manifest.revisionId !== copy.revisionId) {
      return `${copy.path} holds the revision with id ${String(manifest.revisionId)}, not ${String(copy.revisionId)}`;
    }
    const files = manifest.disks.map(({ file }) => file);
    const found = await identifyFiles(place, copy.path, files, context);
    const wrong = manifest.disks.find(({ sizeBytes }, index) => found[index]?.sizeBytes !== sizeBytes);
    return wrong === undefined ? undefined : `${copy.path}/${wrong.file} has not the size that its manifest says`;
  } catch (error) {
    if (error instanceof NotFoundError) return `${copy.path} is not there, or has no manifest`;
    if (error instanceof IntegrityError) return error.message;
    throw error;
  }
}

function copyFinding({ place }: LibraryLook, revision: Revision, problem: string): Finding {
  const reference = `${revision.image}@${String(revision.revision)}`;
  return {
    kind: 'copy',
    subject: nameOfRevision(revision),
    where: `library ${place.name}`,
    why: `it is ${revision.state}, but ${problem}`,
    remedy: `Put its directory back from a backup; where there is none: imprint images retire ${reference}`,
  };
}
