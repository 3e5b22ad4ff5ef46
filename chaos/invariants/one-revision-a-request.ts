import type { Invariant } from '../invariant.ts';
import { taken } from '../ledger.ts';
import { damageOf, publishedNames } from '../published.ts';
import type { Stage } from '../stage.ts';

/** Of each request at most one revision, available exactly when the capture published it, and its checksum correct. */
export const oneRevisionARequest: Invariant = {
  name: 'one sound revision a request',
  conclude: async (stage) => {
    const { imprint } = stage;
    const rows = await availableRevisions(stage);
    const names = await publishedNames(imprint.library);
    const known = new Set(rows.map(({ name }) => name));
    const damaged = await Promise.all(
      names.map(async (name) => [name, await damageOf(imprint.library, name)] as const),
    );
    return [
      ...repeated(rows.map(({ owner }) => owner)).map((owner) => `several revisions are available of ${owner}`),
      ...rows
        .filter(({ name }) => !names.includes(name))
        .map(({ name }) => `${name} is available and not in the library`),
      ...names.filter((name) => !known.has(name)).map((name) => `${name} is in the library and not available`),
      ...damaged.flatMap(([name, damage]) => (damage === undefined ? [] : [`${name}: ${damage}`])),
      ...(await unpublished(stage, new Set(rows.map(({ owner }) => owner)))),
    ];
  },
};

interface Available {
  readonly name: string;
  readonly owner: string;
}

async function availableRevisions({ imprint }: Stage): Promise<readonly Available[]> {
  const { revisions } = imprint.catalog;
  const all = await Promise.all((await revisions.listImages()).map(async ({ name }) => await revisions.list(name)));
  return all
    .flat()
    .filter(({ state }) => state === 'available')
    .map(({ image, revision, owner }) => ({ name: `${image}-v${String(revision)}`, owner: owner ?? 'nobody' }));
}

/** A capture that says it completed, without its revision. */
async function unpublished({ imprint, ledger }: Stage, owners: ReadonlySet<string>): Promise<readonly string[]> {
  const captures = taken(ledger).filter(({ procedure, run }) => procedure === 'captureImage' && !owners.has(run));
  const records = await Promise.all(captures.map(async ({ run }) => await imprint.catalog.runs.find(run)));
  return records
    .filter((record) => record?.state === 'completed')
    .map((record) => `no revision of ${record?.id ?? ''}`);
}

function repeated(all: readonly string[]): readonly string[] {
  return [...new Set(all.filter((one, index) => all.indexOf(one) !== index))];
}
