import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { InvalidInputError } from '../domain/errors.ts';
import { toCatalogError } from './database-errors.ts';

export interface MigrateOptions {
  /** First id of computers, images and revisions; counts only while none was made. Default: 1000000, beyond any of Apache VCL's. */
  readonly idRangeStart?: number;
}

/** Any number will do, as long as nobody else who uses the same database takes it for a lock of his own: the letters `IMPR`. */
const LOCK = 0x49_4d_50_52;

/** The build copies this directory beside the compiled file. */
const migrations = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Brings the database to the newest schema. Any number of processes may do it at once: each waits for the one before it, and the lock
 * goes with the connection. UnavailableError when the server is away; nothing is half-done, all of it is one transaction.
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<void> {
  const idRangeStart = parseIdRangeStart(options.idRangeStart);
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'imprint-migrate' });
  // A lost connection rejects the statement that is running; the event alone would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await applyMigrations(client);
    if (idRangeStart !== undefined) await startIdsAt(client, idRangeStart);
  } catch (error) {
    throw toCatalogError(error, 'bring the database to the newest schema', 'nothing sent');
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function applyMigrations(client: pg.Client): Promise<void> {
  await runner({
    dbClient: client,
    dir: migrations,
    direction: 'up',
    migrationsTable: 'imprint_migrations',
    noLock: true,
    log: () => undefined,
  });
}

/** `setval` with false: the next id is the given one. A sequence that was used even once keeps its place. */
async function startIdsAt(client: pg.Client, first: number): Promise<void> {
  for (const table of ['computers', 'images', 'revisions']) {
    const sequence = `${table}_id_seq`;
    await client.query(`SELECT setval('${sequence}', $1, false) FROM ${sequence} WHERE NOT is_called`, [first]);
  }
}

function parseIdRangeStart(value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return value;
  throw new InvalidInputError(`idRangeStart: expected a whole number from 1; got ${String(value)}`);
}
