import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../test/support/free-port.ts';
import { startEmbeddedPostgres } from '../src/platform/embedded-postgres.ts';
import { createProgressReporter } from '../src/platform/progress.ts';
import { openStateDirectory } from '../src/platform/state-directory.ts';
import { ensureTemporalBinary } from '../src/platform/temporal-binary.ts';

/**
 * A PostgreSQL with the settings that `npm start` gives it, unless DATABASE_URL names one, and a Temporal server's program. Benchmarks
 * stand on the tests' support, which takes both from the environment; left alone it would take a PostgreSQL that writes nothing out.
 */
export async function prepareServers(): Promise<{ stop(): Promise<void> }> {
  const temporal = await ensureTemporalBinary(await openStateDirectory(), createProgressReporter());
  process.env['IMPRINT_TEMPORAL_BINARY'] = temporal.path;
  if ((process.env['DATABASE_URL'] ?? '') !== '') return { stop: async () => await Promise.resolve() };
  const directory = await mkdtemp(join(tmpdir(), 'imprint-bench-postgres-'));
  const postgres = await startEmbeddedPostgres({ directory, port: await freePort() });
  process.env['DATABASE_URL'] = postgres.databaseUrl;
  return {
    stop: async () => {
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
