import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../src/catalog/migrate.ts';
import { startEmbeddedPostgres } from '../../src/platform/embedded-postgres.ts';
import type { TestDatabase } from './postgres.ts';
import { freePort } from './free-port.ts';

/** A PostgreSQL of a test's own, which it may stop and start again. */
export interface MortalPostgres extends TestDatabase {
  /** As `pg_ctl stop -m immediate`: no transaction is completed. */
  kill(): void;
  /** On the same data directory and port; it recovers what was committed. */
  restart(): Promise<void>;
}

export async function startMortalPostgres(): Promise<MortalPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-mortal-postgres-'));
  await chmod(directory, 0o755);
  const port = await freePort();
  const launch = async () => await startEmbeddedPostgres({ directory, port });
  let server = await launch();
  await migrate(server.databaseUrl);
  return {
    databaseUrl: server.databaseUrl,
    kill: () => void process.kill(server.pid, 'SIGQUIT'),
    restart: async () => {
      server = await launch();
    },
    drop: async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
