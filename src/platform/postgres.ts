import { join } from 'node:path';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from './embedded-postgres.ts';
import { findPostmaster } from './postmaster.ts';
import type { ProgressReporter } from './progress.ts';
import { withStartLock } from './start-lock.ts';
import type { StateDirectory } from './state-directory.ts';

export interface DatabaseService {
  readonly databaseUrl: string;
  /** For people: which server this is, without its password. */
  readonly origin: string;
  readonly started: boolean;
  /** Stops it if this call started it. */
  stop(): Promise<void>;
}

const startLimitMs = 120_000;

/** PostgreSQL: the one that DATABASE_URL names, otherwise one from npm in this state directory, started or found running. */
export async function ensurePostgres(state: StateDirectory, report: ProgressReporter): Promise<DatabaseService> {
  const configured = process.env['DATABASE_URL'];
  if (configured !== undefined && configured !== '') {
    return { databaseUrl: configured, origin: 'DATABASE_URL', started: false, stop: async () => undefined };
  }
  const directory = await state.directory('postgres');
  return await withStartLock(
    join(directory, 'start.lock'),
    startLimitMs,
    async () => await startLocal(state, directory, report),
  );
}

/** Stops the database server of a state directory, whoever started it; nothing runs: success. */
export async function stopLocalPostgres(state: StateDirectory): Promise<void> {
  await stopEmbeddedPostgres(await state.directory('postgres'));
}

async function startLocal(
  state: StateDirectory,
  directory: string,
  report: ProgressReporter,
): Promise<DatabaseService> {
  const running = await findPostmaster(join(directory, 'data'));
  const port = running?.port ?? (await state.freePort('postgres'));
  const server = await report.during(
    'Starting PostgreSQL',
    async () => await startEmbeddedPostgres({ directory, port }),
  );
  const origin = `PostgreSQL of the package embedded-postgres, 127.0.0.1:${String(port)}`;
  const { databaseUrl } = server;
  if (running !== undefined) return { databaseUrl, origin, started: false, stop: async () => undefined };
  return { databaseUrl, origin, started: true, stop: () => server.stop() };
}
