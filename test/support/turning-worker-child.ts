import { NativeConnection } from '@temporalio/worker';
import { createCatalog } from '../../src/catalog/create-catalog.ts';
import { loadWorkerConfig } from '../../src/config.ts';
import { prepare } from '../../src/library/prepare.ts';
import { createModules } from '../../src/worker/modules.ts';
import { settleHome } from '../../src/worker/temporal-home.ts';
import { createTemporalWorkers } from '../../src/worker/temporal-workers.ts';

/** A worker of this checkout that polls when it is told to, and drains when it is told to: see turning-worker.ts. */

const config = loadWorkerConfig();
const connect = async () => ({
  connection: await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' }),
  namespace: process.env['TEMPORAL_NAMESPACE'] ?? 'default',
});
const catalog = await createCatalog({ databaseUrl: config.DATABASE_URL });
const modules = createModules(config, catalog);
await prepare(modules.dependencies.library, { signal: AbortSignal.timeout(60_000), progress: () => undefined });

let rest = async (): Promise<void> => await Promise.resolve();

async function poll(): Promise<void> {
  const place = await connect();
  await settleHome(place, catalog.temporalHomes);
  const workers = await createTemporalWorkers(place, config, modules.dependencies);
  const running = Promise.all(workers.map(async (worker) => await worker.run()));
  rest = async () => {
    for (const worker of workers) worker.shutdown();
    await running;
    await place.connection.close();
  };
}

process.on('message', (turn) => {
  const done = turn === 'poll' ? poll() : rest();
  done.then(
    () => process.send?.(turn),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.send?.('here');
