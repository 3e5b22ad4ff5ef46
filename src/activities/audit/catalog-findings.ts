import type { Catalog } from '../../catalog/catalog.ts';
import type { Finding } from '../../domain/finding.ts';
import { nameOfRevision } from '../../domain/image.ts';
import { describeStanding, leftOf, type Standings } from './standing.ts';

const where = 'catalog';

/** Nodes that are claimed by a run that is over. */
export async function findClaims(catalog: Catalog, standings: Standings): Promise<readonly Finding[]> {
  const left = await leftOf(standings, {
    list: async () => await catalog.claims.list(),
    ownerOf: ({ owner }) => owner,
    keyOf: ({ node, owner }) => `${node} ${owner}`,
  });
  return left.map(({ thing: { node, owner, managementNode }, standing }) => ({
    kind: 'claim',
    subject: node,
    where,
    why: `it is owned by ${describeStanding(owner, standing)}`,
    remedy: 'A run (freeNode) ends and takes back what was left, and gives the node up as it is then.',
    mending: { by: 'free-node', node, owner, managementNode },
  }));
}

/** Runs that go on only in the catalog. */
export async function findRuns(catalog: Catalog, standings: Standings): Promise<readonly Finding[]> {
  const left = await leftOf(standings, {
    list: async () => await catalog.runs.list({ state: 'running', limit: everyRun }),
    ownerOf: ({ id }) => id,
    keyOf: ({ id }) => id,
  });
  return left.map(({ thing: { id } }) => ({
    kind: 'run',
    subject: id,
    where,
    why: 'the catalog takes it for running, and it is over',
    remedy: 'Its true end is recorded; the archiver does the same within a quarter of an hour.',
    mending: { by: 'settle-run', run: id },
  }));
}

/** More than any catalog has under way. */
const everyRun = 100_000;

/** Slots of runs that are over, and their places in the queue. */
export async function findSlots(catalog: Catalog, standings: Standings): Promise<readonly Finding[]> {
  const left = await leftOf(standings, {
    list: async () => await usersOf(catalog),
    ownerOf: ({ run }) => run,
    keyOf: ({ run, resource }) => `${run} ${resource}`,
  });
  return left.map(({ thing: { run, resource, has }, standing }) => ({
    kind: 'slot',
    subject: resource,
    where,
    why: `${has} is ${describeStanding(run, standing)}`,
    remedy: 'The slots of the run are given back.',
    mending: { by: 'release-slots', run },
  }));
}

async function usersOf({ slots }: Catalog) {
  return (await slots.list()).flatMap(({ resource, holders, queue }) => [
    ...holders.map(({ run }) => ({ run, resource, has: 'who has a slot' })),
    ...queue.map(({ run }) => ({ run, resource, has: 'who waits for a slot' })),
  ]);
}

/** Nodes in a state that only a run gives them, without a run. */
export async function findNodes(catalog: Catalog): Promise<readonly Finding[]> {
  const first = await unowned(catalog);
  const still = new Set((first.length === 0 ? [] : await unowned(catalog)).map(({ name }) => name));
  return first
    .filter(({ name }) => still.has(name))
    .map(({ name, state }) => ({
      kind: 'node',
      subject: name,
      where,
      why: `it is ${state}, and no run owns it`,
      remedy: `It is put into maintenance; once somebody has looked at it: imprint nodes release ${name}`,
      mending: { by: 'lay-up-node', node: name, from: state },
    }));
}

async function unowned(catalog: Catalog) {
  const computers = (await catalog.computers.list()).filter(
    ({ state }) => state === 'capturing' || state === 'loading',
  );
  const owned = new Set((computers.length === 0 ? [] : await catalog.claims.list()).map(({ node }) => node));
  return computers.filter(({ name }) => !owned.has(name));
}

/** Revisions that no library holds. */
export async function findRevisionsWithoutCopy(catalog: Catalog): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { name } of await catalog.revisions.listImages()) {
    for (const revision of await catalog.revisions.list(name)) {
      if (revision.state !== 'available' && revision.state !== 'retired') continue;
      if ((await catalog.copies.list(revision.id)).length > 0) continue;
      findings.push({
        kind: 'copy',
        subject: nameOfRevision(revision),
        where,
        why: `it is ${revision.state}, and no library has a copy of it`,
        remedy: `It cannot be loaded; delete it: imprint images delete ${name}@${String(revision.revision)}`,
      });
    }
  }
  return findings;
}
