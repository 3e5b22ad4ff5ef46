import { loadWorkerConfig } from '../../src/config.ts';
import { runWorker } from '../../src/worker.ts';
import { bundledOnce } from './bundled-workflows.ts';

await runWorker(loadWorkerConfig(), bundledOnce());
