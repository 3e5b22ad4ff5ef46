import type { Catalog } from '../../catalog/catalog.ts';
import type { Finding, Mending } from '../../domain/finding.ts';
import { nameOfRevision, type Revision } from '../../domain/image.ts';
import { describeStanding, leftOf, type Standings } from './standing.ts';

const where = 'catalog';

/** Imports are made by the command line and not by a run; one of many disks takes hours. */
export const importOwner = /^importImage\//;
const longImportMs = 6 * 3_600_000;

type Reserved = Revision & { readonly owner: string };

/** Revisions that are reserved by a capture that is over, and those of imports that were cut. */
export async function findCaptures(catalog: Catalog, standings: Standings): Promise<readonly Finding[]> {
  const left = await leftOf(standings, {
    list: async () => await reserved(catalog),
    ownerOf: ({ owner }) => owner,
    keyOf: ({ owner }) => owner,
  });
  const findings: Finding[] = [];
  for (const { thing, standing } of left) {
    if (!importOwner.test(thing.owner)) {
      const why = `it is reserved by ${describeStanding(thing.owner, standing)}`;
      findings.push({
        kind: 'capture',
        subject: nameOfRevision(thing),
        where,
        why,
        ...(await givingUp(catalog, thing)),
      });
    } else if (Date.now() - Date.parse(thing.created) > longImportMs) findings.push(importOf(thing));
  }
  return findings;
}

async function reserved(catalog: Catalog): Promise<readonly Reserved[]> {
  const images = await catalog.revisions.listImages();
  const lists = await Promise.all(images.map(async ({ name }) => await catalog.revisions.list(name)));
  return lists
    .flat()
    .flatMap(({ owner, ...revision }) =>
      revision.state === 'capturing' && owner !== undefined ? [{ ...revision, owner }] : [],
    );
}

/** What the run has left in a library is looked at by the management node of the captured computer. */
async function givingUp(catalog: Catalog, { owner, image }: Reserved): Promise<Pick<Finding, 'remedy' | 'mending'>> {
  const node = owner.split('/')[1];
  const computer = (await catalog.computers.list()).find(({ name }) => name === node);
  if (computer === undefined) {
    return { remedy: `Its node is not in the catalog any more: add a node of that name to have ${image} settled.` };
  }
  const { managementNode } = computer;
  const mending: Mending = { by: 'give-capture-up', run: owner, managementNode };
  return {
    remedy:
      'A copy that is in the library already is made available; otherwise a complete one is moved to .kept, an incomplete one is removed, and the number is free again.',
    mending,
  };
}

function importOf(revision: Reserved): Finding {
  return {
    kind: 'import',
    subject: nameOfRevision(revision),
    where,
    why: `it is reserved since ${revision.created} by an import, which was cut or goes on`,
    remedy: `If no import of ${revision.image} is under way, give the same command again: it goes on where it was cut.`,
  };
}

/** Deletions that were begun and not finished. */
export async function findDeletions(catalog: Catalog, standings: Standings): Promise<readonly Finding[]> {
  const left = await leftOf(standings, {
    list: async () => await deleting(catalog),
    ownerOf: ({ run }) => run,
    keyOf: ({ run, name }) => `${run} ${name}`,
  });
  return left.map(({ thing: { name, run, reference }, standing }) => ({
    kind: 'deletion',
    subject: name,
    where,
    why: `its deletion was begun by ${describeStanding(run, standing)}`,
    remedy: `Delete it again, which goes on where it was cut: imprint images delete ${reference}`,
  }));
}

async function deleting(catalog: Catalog) {
  const found: { readonly name: string; readonly run: string; readonly reference: string }[] = [];
  for (const { name: image } of await catalog.revisions.listImages()) {
    for (const revision of await catalog.revisions.list(image)) {
      if (revision.state !== 'deleting') continue;
      const run = await catalog.revisionDeletion.deletingRun(revision.id);
      const reference = `${image}@${String(revision.revision)}`;
      if (run !== undefined) found.push({ name: nameOfRevision(revision), run, reference });
    }
  }
  return found;
}
