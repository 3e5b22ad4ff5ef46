import { loadWorkerConfig } from '../../src/config.ts';
import { runWorker } from '../../src/worker.ts';

await runWorker(loadWorkerConfig());
