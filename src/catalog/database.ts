import pg from 'pg';
import { isLostConnection, toCatalogError, type Progressed } from './database-errors.ts';

export type Values = readonly unknown[];

/** Runs statements; rows come as they are and are parsed by the caller. Errors are PostgreSQL's own: `Database` translates them. */
export interface Statements {
  rows(sql: string, values?: Values): Promise<readonly unknown[]>;
}

/** The database of a catalog. Every error that is not a mistake in the program is a domain error; `what` continues `could not …`. */
export interface Database {
  /** One statement that changes nothing. */
  read(what: string, sql: string, values?: Values): Promise<readonly unknown[]>;
  /** One statement that commits by itself. OutcomeUnknownError when the connection was lost after it was sent. */
  change(what: string, sql: string, values?: Values): Promise<readonly unknown[]>;
  /** All or nothing, at READ COMMITTED: each statement sees what others have committed, so lock first, then look. Nothing slow inside. */
  transaction<T>(what: string, work: (statements: Statements) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Limits of one connection. A statement here takes milliseconds; one that takes half a minute waits for a lock whose holder is gone.
 * The client's own limit is longer, for a server that does not even answer.
 */
const limits = {
  connectionTimeoutMillis: 10_000,
  statement_timeout: 30_000,
  idle_in_transaction_session_timeout: 30_000,
  query_timeout: 40_000,
};

/** How much of a database is used, and how long it is waited for. */
export interface DatabaseLimits {
  readonly connections?: number;
  readonly patienceMs?: number;
}

/** Opens a pool of at most `connections` (default 10). Nothing is connected before the first statement. */
export function openDatabase(databaseUrl: string, { connections = 10, patienceMs }: DatabaseLimits = {}): Database {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: connections,
    application_name: 'imprint',
    keepAlive: true,
    ...limits,
    ...(patienceMs === undefined ? {} : shortened(patienceMs)),
  });
  // A connection that is lost while it is idle has left the pool already; without a listener the event would end the process.
  pool.on('error', () => undefined);
  return {
    read: (what, sql, values) => single(pool, { what, progressed: 'nothing sent' }, sql, values),
    change: (what, sql, values) => single(pool, { what, progressed: 'sent' }, sql, values),
    transaction: (what, work) => transaction(pool, what, work),
    close: () => pool.end(),
  };
}

function shortened(patienceMs: number): Partial<typeof limits> {
  return { connectionTimeoutMillis: patienceMs, statement_timeout: patienceMs, query_timeout: patienceMs };
}

interface Intent {
  readonly what: string;
  /** What is to be assumed once the statement was sent. */
  readonly progressed: Progressed;
}

async function single(pool: pg.Pool, intent: Intent, sql: string, values: Values = []): Promise<readonly unknown[]> {
  return await withClient(pool, intent.what, async (client) => {
    try {
      const result = await client.query<Record<string, unknown>>(sql, [...values]);
      return result.rows;
    } catch (error) {
      throw toCatalogError(error, intent.what, intent.progressed);
    }
  });
}

async function transaction<T>(pool: pg.Pool, what: string, work: (statements: Statements) => Promise<T>): Promise<T> {
  return await withClient(pool, what, async (client) => {
    const result = await begun(client, what, work);
    try {
      await client.query('COMMIT');
    } catch (error) {
      throw toCatalogError(error, what, 'sent');
    }
    return result;
  });
}

async function begun<T>(client: pg.PoolClient, what: string, work: (statements: Statements) => Promise<T>): Promise<T> {
  const rows: Statements['rows'] = async (sql, values = []) =>
    (await client.query<Record<string, unknown>>(sql, [...values])).rows;
  try {
    await client.query('BEGIN');
    return await work({ rows });
  } catch (error) {
    // Where the connection is gone, the server rolls back by itself.
    if (!isLostConnection(error)) await client.query('ROLLBACK').catch(() => undefined);
    throw toCatalogError(error, what, 'nothing sent');
  }
}

/** Lends a connection; one that was lost on the way does not return to the pool. */
async function withClient<T>(pool: pg.Pool, what: string, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw toCatalogError(error, what, 'nothing sent');
  });
  let lost: Error | undefined;
  const onError = (error: Error): void => {
    lost = error;
  };
  client.on('error', onError);
  try {
    return await use(client);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (isLostConnection(cause)) lost ??= cause as Error;
    throw error;
  } finally {
    client.off('error', onError);
    client.release(lost);
  }
}
