import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCatalog } from '../../../src/catalog/create-catalog.ts';
import { migrate } from '../../../src/catalog/migrate.ts';
import { emptyTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { nodeFacts } from './world.ts';

const migrations = fileURLToPath(new URL('../../../src/catalog/migrations', import.meta.url));
const module = new URL('../../../src/catalog/migrate.ts', import.meta.url).href;

// Keeps the server running from one test to the next.
let first: TestDatabase;
beforeAll(async () => {
  first = await emptyTestDatabase();
});
afterAll(() => first.drop());

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyTestDatabase();
});
afterEach(() => database.drop());

describe('migrate', () => {
  it('is applied once when six processes start at the same time on an empty database', async () => {
    const program = `import { migrate } from ${JSON.stringify(module)}; await migrate(process.env.TEST_DATABASE_URL);`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const env = { TEST_DATABASE_URL: database.databaseUrl };
    await Promise.all(Array.from({ length: 6 }, () => execa(process.execPath, args, { env })));
    expect(await appliedMigrations()).toEqual(await namesOfMigrations());
  });

  it('is applied once when six catalogs are opened at the same time', async () => {
    const catalogs = await Promise.all(Array.from({ length: 6 }, () => createCatalog(database)));
    expect(await appliedMigrations()).toEqual(await namesOfMigrations());
    await Promise.all(catalogs.map((catalog) => catalog.close()));
  });

  it('would be seen to go wrong: without the lock some of six fail', async () => {
    const unlocked = () =>
      runner({
        databaseUrl: database.databaseUrl,
        dir: migrations,
        direction: 'up',
        migrationsTable: 'imprint_migrations',
        noLock: true,
        log: () => undefined,
        logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      });
    const results = await Promise.allSettled(Array.from({ length: 6 }, unlocked));
    expect(results.filter((result) => result.status === 'rejected')).not.toHaveLength(0);
  });

  it('can be taken back', async () => {
    await migrate(database.databaseUrl);
    const options = { databaseUrl: database.databaseUrl, dir: migrations, migrationsTable: 'imprint_migrations' };
    await runner({ ...options, direction: 'down', count: Infinity, log: () => undefined });
    expect(await appliedMigrations()).toEqual([]);
    await migrate(database.databaseUrl);
    expect(await appliedMigrations()).toEqual(await namesOfMigrations());
  });
});

describe('ids', () => {
  it.each([
    [undefined, 1_000_000],
    [5_000_000_000, 5_000_000_000],
  ])('begin where idRangeStart %s says', async (idRangeStart, expected) => {
    await migrate(database.databaseUrl, idRangeStart === undefined ? {} : { idRangeStart });
    expect(await addNode('lab-1')).toBe(expected);
  });

  it('go on where they are once something was made', async () => {
    await migrate(database.databaseUrl, { idRangeStart: 2_000_000 });
    await addNode('lab-1');
    await migrate(database.databaseUrl, { idRangeStart: 3_000_000 });
    expect(await addNode('lab-2')).toBe(2_000_001);
  });

  it('may be set as long as nothing was made, and stay when nothing is given', async () => {
    await migrate(database.databaseUrl);
    await migrate(database.databaseUrl, { idRangeStart: 3_000_000 });
    await migrate(database.databaseUrl);
    expect(await addNode('lab-1')).toBe(3_000_000);
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53])('cannot begin at %s', async (idRangeStart) => {
    await expect(migrate(database.databaseUrl, { idRangeStart })).rejects.toMatchObject({ name: 'InvalidInputError' });
  });
});

async function addNode(name: string): Promise<number> {
  const catalog = await createCatalog(database);
  await catalog.managementNodes.register({ name: 'mn-1', address: '', libraryRoot: '/srv' });
  const { id } = await catalog.computers.add(nodeFacts(name));
  await catalog.close();
  return id;
}

/** Of all files, in order. */
async function namesOfMigrations(): Promise<readonly string[]> {
  const names = (await readdir(migrations)).map((file) => file.replace(/\.sql$/, '')).sort();
  expect(names).toContain('0001_computers');
  return names;
}

async function appliedMigrations(): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: database.databaseUrl });
  await client.connect();
  const result = await client.query<{ name: string }>('SELECT name FROM imprint_migrations ORDER BY id');
  await client.end();
  return result.rows.map((row) => row.name);
}
