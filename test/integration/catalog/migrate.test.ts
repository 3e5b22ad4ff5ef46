import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { createCatalog } from '../../../src/catalog/create-catalog.ts';
import { migrate } from '../../../src/catalog/migrate.ts';
import { emptyTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let database: TestDatabase | undefined;
afterEach(() => database?.drop());

describe('migrate', () => {
  it('is applied once when six start at the same time on an empty database', async () => {
    database = await emptyTestDatabase();
    const { databaseUrl } = database;
    const catalogs = await Promise.all(Array.from({ length: 6 }, () => createCatalog({ databaseUrl })));
    const names = await query(databaseUrl, 'SELECT name FROM imprint_migrations ORDER BY id');
    expect(names.map((row) => row['name'])).toEqual(['0001_computers', '0002_claims', '0003_revisions', '0004_runs']);
    await Promise.all(catalogs.map((catalog) => catalog.close()));
  });
});

async function query(databaseUrl: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const result = await client.query<Record<string, unknown>>(sql);
  await client.end();
  return result.rows;
}
