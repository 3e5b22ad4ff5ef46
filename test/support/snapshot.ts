import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import pg from 'pg';
import type { TestImprint } from './imprint.ts';

/**
 * All that runs can change: every row of the catalog, every machine of the world, every file of the library. Not what workers write by themselves: that they
 * live, and the archive of ended runs.
 */
export type Snapshot = ReadonlySet<string>;

export interface Snapshots {
  take(): Promise<Snapshot>;
  close(): Promise<void>;
}

export async function openSnapshots({ databaseUrl, world, library }: TestImprint): Promise<Snapshots> {
  const client = new pg.Client({ connectionString: databaseUrl });
  // A suite that failed drops its database under it.
  client.on('error', () => undefined);
  await client.connect();
  const tables = await client.query<{ name: string }>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name NOT IN ('management_nodes', 'archive_progress', 'run_archive')`,
  );
  const rows = tables.rows.map(({ name }) => `SELECT '${name} ' || to_jsonb(t)::text AS line FROM ${name} t`);
  const sql = rows.join(' UNION ALL ');
  return {
    take: async () => {
      const { rows: lines } = await client.query<{ line: string }>(sql);
      const machines = [...(await world.machines())].map(([name, machine]) => `${name} ${JSON.stringify(machine)}`);
      return new Set([...lines.map(({ line }) => line), ...machines, ...(await filesIn(library))]);
    },
    close: async () => await client.end(),
  };
}

/** What is in one of them only. */
export function difference(before: Snapshot, after: Snapshot): readonly string[] {
  return [
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ];
}

/** Jobs write there by themselves, and may just be removing what they wrote. */
async function filesIn(library: string): Promise<readonly string[]> {
  const entries = await readdir(library, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const content = entry.isFile() ? await readFile(path).catch(() => undefined) : Buffer.from('');
    if (content === undefined) return [];
    return [`${relative(library, path)} ${createHash('sha256').update(content).digest('hex')}`];
  });
  return (await Promise.all(lines)).flat();
}
