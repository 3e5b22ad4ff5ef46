import type { Catalog } from '../../catalog/catalog.ts';
import { openCatalog } from '../../catalog/create-catalog.ts';
import { headline } from '../run-words.ts';
import { readConfig } from '../connect.ts';
import type { Candidate, NameKind } from './what-to-complete.ts';

/** Whoever waits for a candidate types the word by himself after a second. */
const patienceMs = 1_000;
const newestRuns = 50;

const readers: Readonly<Record<NameKind, (catalog: Catalog) => Promise<readonly Candidate[]>>> = {
  nodes: async ({ computers }) =>
    (await computers.list()).map(({ name, state }) => ({ value: name, description: state })),
  images: async ({ revisions }) =>
    (await revisions.listImages()).map(({ name, operatingSystem }) => ({ value: name, description: operatingSystem })),
  runs: async ({ runs }) =>
    (await runs.list({ limit: newestRuns })).map((run) => ({
      value: run.id,
      description: `${headline(run)}: ${run.state}`,
    })),
  systems: async ({ provisioningSystems }) => (await provisioningSystems.list()).map(named),
  managementNodes: async ({ managementNodes }) => (await managementNodes.list()).map(named),
  operatingSystems: async ({ operatingSystems }) => (await operatingSystems.list()).map(named),
};

/** Reads names from the catalog; nothing where it is not configured, does not answer soon, or has another schema. Migrates nothing. */
export async function readNames(kind: NameKind): Promise<readonly Candidate[]> {
  try {
    const { DATABASE_URL: databaseUrl } = await readConfig();
    const catalog = openCatalog({ databaseUrl, connections: 1, patienceMs });
    try {
      return await readers[kind](catalog);
    } finally {
      await catalog.close();
    }
  } catch {
    // A message in the middle of the line that somebody types would help nobody.
    return [];
  }
}

function named({ name }: { readonly name: string }): Candidate {
  return { value: name, description: '' };
}
