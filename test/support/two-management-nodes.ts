import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { TestImprint } from './imprint.ts';
import type { WorkerProcess } from './worker-process.ts';

/** The management node of all nodes of a test, and a second one with a library of its own, which may drive some of them. */
export const [firstNode, secondNode] = ['mn-test', 'mn-second'];

/** Absolute path of the second one's library. */
export function secondLibrary(imprint: TestImprint): string {
  return `${imprint.library}-of-${secondNode}`;
}

/** A worker of the second one, in a process of its own. */
export async function startSecondWorker(
  imprint: TestImprint,
  settings: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> {
  return await imprint.startWorker({
    IMPRINT_MANAGEMENT_NODE: secondNode,
    IMPRINT_LIBRARY: secondLibrary(imprint),
    ...settings,
  });
}

/** A node that the second one may drive, too. */
export async function addSharedNode(
  imprint: TestImprint,
  settings?: Readonly<Record<string, unknown>>,
): Promise<string> {
  const node = await imprint.addNode(settings);
  await imprint.catalog.computers.edit(node, () => ({ alsoReachedBy: [secondNode] }));
  return node;
}

/** As if nothing had been heard of it for so long; while its worker lives, only until that checks in again. */
export async function makeAway(imprint: TestImprint, managementNode: string, minutes: number): Promise<void> {
  await inCatalog(
    imprint,
    "UPDATE management_nodes SET last_check_in = now() - $2::float * interval '1 minute' WHERE name = $1",
    [managementNode, minutes],
  );
}

/** A copy of the first revision of an image, brought into the second library by hand. */
export async function copyToSecondLibrary(imprint: TestImprint, image: string): Promise<void> {
  const path = join(secondLibrary(imprint), `${image}-v1`);
  await cp(join(imprint.library, `${image}-v1`), path, { recursive: true });
  const [revision] = await imprint.catalog.revisions.list(image);
  await inCatalog(
    imprint,
    `INSERT INTO revision_copies (revision_id, library, path, size_bytes)
     SELECT revision_id, $2, $3, size_bytes FROM revision_copies WHERE revision_id = $1 LIMIT 1`,
    [revision?.id, secondNode, path],
  );
}

/** As if no library had a copy of the revision. */
export async function forgetCopies(imprint: TestImprint, revisionId: number): Promise<void> {
  await inCatalog(imprint, 'DELETE FROM revision_copies WHERE revision_id = $1', [revisionId]);
}

async function inCatalog({ databaseUrl }: TestImprint, sql: string, values: readonly unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(sql, [...values]);
  } finally {
    await client.end();
  }
}
