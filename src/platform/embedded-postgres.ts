import { randomBytes } from 'node:crypto';
import { chown, link, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { UnavailableError } from '../domain/errors.ts';
import { exists } from './exists.ts';
import { findPostgresAccount, type PostgresAccount } from './postgres-account.ts';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import { findPostmaster, removeStaleFile, stopPostmaster } from './postmaster.ts';

export interface EmbeddedPostgresOptions {
  /** Everything lies in it: `data`, `password` (0600), `postgres.log`. Made when missing. */
  readonly directory: string;
  /** On 127.0.0.1. A server that runs already keeps the port that it has. */
  readonly port: number;
  /** Lines of postgresql.conf for a data directory that is new: `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** Of the database `imprint`, with the password in it. */
  readonly databaseUrl: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** How long a start may take; recovery after a crash, and orphans of a killed server that still end, are part of it. */
const START_LIMIT_MS = 60_000;

/**
 * Starts PostgreSQL from the npm package, or finds the one that runs on this directory already. The server outlives this process; it is
 * stopped by `stop`, or later by `stopEmbeddedPostgres`. May be called again at any time, also after the server was killed, and by two
 * processes at once. Throws UnavailableError with the end of the log when the server does not start (its port is taken, say).
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory);
  const binaries = await findPostgresBinaries();
  await mkdir(directory, { recursive: true });
  const account = await findPostgresAccount([join(directory, 'data'), binaries.initdb]);
  const password = await ensurePassword(directory, account);
  const log = await open(join(directory, 'postgres.log'), 'a', 0o600);
  try {
    const server = { directory, binaries, account, log: log.fd, logStart: (await log.stat()).size };
    await ensureDataDirectory(server, options.settings ?? {});
    return await ensureRunning(server, password, options.port);
  } finally {
    await log.close();
  }
}

/** Stops the server of a directory, whoever started it. Nothing runs, or nothing is there: success. */
export async function stopEmbeddedPostgres(directory: string): Promise<void> {
  await stopPostmaster(join(resolve(directory), 'data'));
}

interface Server {
  readonly directory: string;
  readonly binaries: PostgresBinaries;
  readonly account: PostgresAccount;
  readonly log: number;
  /** Size of the log before this start. */
  readonly logStart: number;
}

/** One password a directory. `link` makes the first of several processes win, with a file that is whole. */
async function ensurePassword(directory: string, account: PostgresAccount): Promise<string> {
  const file = join(directory, 'password');
  const partial = `${file}.${randomBytes(4).toString('hex')}`;
  if (!(await exists(file))) {
    await writeFile(partial, randomBytes(24).toString('hex'), { mode: 0o600 });
    await own(partial, account);
    await link(partial, file).catch(ignoreExisting);
    await rm(partial);
  }
  return (await readFile(file, 'utf8')).trim();
}

/** Made under another name and renamed, so that a data directory that is there is whole. */
async function ensureDataDirectory(server: Server, settings: Readonly<Record<string, string>>): Promise<void> {
  const data = join(server.directory, 'data');
  if (await exists(data)) return;
  const partial = await mkdtemp(`${data}.`);
  await own(partial, server.account);
  await initialise(server, partial);
  const lines = Object.entries({ ...fixedSettings, ...settings }).map(([name, value]) => `${name} = '${value}'\n`);
  await writeFile(join(partial, 'postgresql.conf'), lines.join(''), { flag: 'a' });
  await rename(partial, data).catch(async (error: unknown) => {
    await rm(partial, { recursive: true, force: true });
    ignoreExisting(error);
  });
}

const fixedSettings = { listen_addresses: '127.0.0.1', unix_socket_directories: '' };

async function initialise(server: Server, directory: string): Promise<void> {
  const args = [
    `--pgdata=${directory}`,
    '--username=postgres',
    '--auth=scram-sha-256',
    `--pwfile=${join(server.directory, 'password')}`,
    '--encoding=UTF8',
    '--locale=C',
  ];
  await server.account.run(server.binaries.initdb, args, { log: server.log }).catch(async (cause: unknown) => {
    const log = await endOfLog(server);
    throw new UnavailableError(`could not make a database cluster in ${directory}`, { cause, evidence: { log } });
  });
}

/** A start may fail because another process starts the same server, or because processes of a killed one still end: it is tried again. */
async function ensureRunning(server: Server, password: string, port: number): Promise<EmbeddedPostgres> {
  const data = join(server.directory, 'data');
  for (const deadline = Date.now() + START_LIMIT_MS; ; await delay(200)) {
    const problem = await tryStart(server, port);
    const running = await findPostmaster(data);
    if (running) {
      await ensureDatabase(urlOf(password, running.port, 'postgres'));
      return {
        databaseUrl: urlOf(password, running.port, 'imprint'),
        pid: running.pid,
        stop: () => stopPostmaster(data),
      };
    }
    const log = await endOfLog(server);
    if (Date.now() > deadline || /could not bind IPv4 address/.test(log)) {
      throw new UnavailableError(`could not start PostgreSQL on port ${String(port)}`, {
        cause: problem,
        evidence: { log },
      });
    }
  }
}

/** Returns what was wrong; undefined when the server accepts connections. pg_ctl starts it in a session of its own and waits for it. */
async function tryStart({ directory, binaries, account, log }: Server, port: number): Promise<unknown> {
  const data = join(directory, 'data');
  if (await findPostmaster(data)) return undefined;
  await removeStaleFile(data);
  const args = ['start', '--wait', `--timeout=${String(START_LIMIT_MS / 1000)}`, `--pgdata=${data}`];
  return await account
    .run(binaries.pgCtl, args, { log, env: { PGPORT: String(port) } })
    .catch((error: unknown) => error);
}

/** The server may have been found while it still starts. */
async function ensureDatabase(url: string): Promise<void> {
  for (const deadline = Date.now() + START_LIMIT_MS; ; await delay(100)) {
    const error = await createDatabase(url).catch((cause: unknown) => cause);
    if (error === undefined) return;
    if (Date.now() > deadline || !/^(ECONNREFUSED|57P03)$/.test(codeOf(error))) {
      throw new UnavailableError('could not make the database imprint', { cause: error });
    }
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('CREATE DATABASE imprint');
  } catch (error) {
    // It is there (42P04), or is being made by another process at this moment (23505).
    if (!/^(42P04|23505)$/.test(codeOf(error))) throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function urlOf(password: string, port: number, database: string): string {
  return `postgresql://postgres:${password}@127.0.0.1:${String(port)}/${database}`;
}

/** What this start has printed, at most its last 2,000 bytes. */
async function endOfLog({ directory, logStart }: Server): Promise<string> {
  return (await readFile(join(directory, 'postgres.log'))).subarray(logStart).subarray(-2_000).toString();
}

/** Gives a file to the account that PostgreSQL runs under, where that is another than this process's. */
async function own(path: string, { owner }: PostgresAccount): Promise<void> {
  if (owner) await chown(path, owner.uid, owner.gid);
}

/** Another process was quicker. */
function ignoreExisting(error: unknown): void {
  if (!/^(EEXIST|ENOTEMPTY)$/.test(codeOf(error))) throw error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
