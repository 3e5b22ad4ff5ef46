import { NativeConnection } from '@temporalio/worker';
import { createCatalog } from '../../src/catalog/create-catalog.ts';
import { loadWorkerConfig } from '../../src/config.ts';
import { prepare } from '../../src/library/prepare.ts';
import { createModules } from '../../src/worker/modules.ts';
import { createTemporalWorkers } from '../../src/worker/temporal-workers.ts';
import { createFreezing, freezePoints, type FreezePoint } from './freezing.ts';

const config = loadWorkerConfig();
const points = JSON.parse(process.env[freezePoints] ?? '[]') as readonly FreezePoint[];
const freezing = createFreezing(points, () => process.kill(process.pid, 'SIGSTOP'));
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' });
const modules = createModules(config, await createCatalog({ databaseUrl: config.DATABASE_URL }));
await prepare(modules.dependencies.library, { signal: AbortSignal.timeout(60_000), progress: () => undefined });
const place = { connection, namespace: process.env['TEMPORAL_NAMESPACE'] ?? 'default' };
const workers = await createTemporalWorkers(place, config, freezing.around(modules.dependencies));
process.stderr.write('Worker is ready\n');
await Promise.all(workers.map(async (worker) => await worker.run()));
