import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/catalog/migrate.ts';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from '../../src/platform/embedded-postgres.ts';
import { freePort } from './free-port.ts';
import { lives } from './lives.ts';

export interface TestDatabase {
  readonly databaseUrl: string;
  /** Ends connections that are still open. */
  drop(): Promise<void>;
}

/** A server of this process, and on it a migrated database that the others are copied from. */
interface TestServer {
  readonly adminUrl: string;
  readonly template: string;
  stop(): Promise<void>;
}

let server: Promise<TestServer> | undefined;
let databases = 0;

/**
 * A fresh catalog, migrated and empty, on `DATABASE_URL` or else on a server that is started for this process (about 2 s) and stopped
 * when its last database is dropped. A copy takes about 100 ms.
 */
export async function testDatabase(): Promise<TestDatabase> {
  server ??= startServer();
  const { adminUrl, template } = await server;
  return await createDatabase(adminUrl, template);
}

/** As `testDatabase`, without any table. */
export async function emptyTestDatabase(): Promise<TestDatabase> {
  server ??= startServer();
  return await createDatabase((await server).adminUrl, 'template0');
}

async function startServer(): Promise<TestServer> {
  const given = process.env['DATABASE_URL'] ?? '';
  const { adminUrl, stop } = given === '' ? await startOwnServer() : { adminUrl: given, stop: () => Promise.resolve() };
  const template = newName();
  await run(adminUrl, `CREATE DATABASE ${template} TEMPLATE template0`);
  await migrate(urlOf(adminUrl, template));
  const dropAndStop = async (): Promise<void> => {
    await run(adminUrl, `DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
    await stop();
  };
  return { adminUrl, template, stop: dropAndStop };
}

const PREFIX = 'imprint-test-postgres-';

async function startOwnServer(): Promise<{ adminUrl: string; stop: () => Promise<void> }> {
  await removeLeftovers();
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${String(process.pid)}-`));
  await chmod(directory, 0o755);
  // Nothing here must survive a crash of the machine.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };
  const postgres = await startEmbeddedPostgres({ directory, port: await freePort(), settings });
  const stop = async (): Promise<void> => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { adminUrl: postgres.databaseUrl, stop };
}

/** Servers of test processes that were killed before they could stop them. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : undefined;
    if (pid === undefined || lives(pid)) continue;
    const directory = join(tmpdir(), name);
    await stopEmbeddedPostgres(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

async function createDatabase(adminUrl: string, template: string): Promise<TestDatabase> {
  databases += 1;
  const name = newName();
  await run(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const drop = async (): Promise<void> => {
    await run(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    databases -= 1;
    if (databases === 0) await stopServer();
  };
  return { databaseUrl: urlOf(adminUrl, name), drop };
}

async function stopServer(): Promise<void> {
  const stopping = server;
  server = undefined;
  await (await stopping)?.stop();
}

function newName(): string {
  return `imprint_test_${randomBytes(6).toString('hex')}`;
}

function urlOf(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
