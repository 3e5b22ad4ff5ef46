import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCatalog } from '../../../src/catalog/create-catalog.ts';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import { startWorkerProcess, type WorkerProcess } from '../../../src/cli/worker-process.ts';
import { formatSimulatedDisk } from '../../../src/domain/simulated-disk.ts';
import { testDatabase } from '../../support/postgres.ts';
import { startTemporal, type TestTemporal } from '../../support/temporal.ts';

/** A management node with a simulated world, on a real Temporal server and a real database; the environment of this process leads to it. */
export interface CommandLab {
  readonly directory: string;
  readonly catalog: Catalog;
  readonly temporal: TestTemporal;
  readonly environment: Readonly<Record<string, string>>;
  /** `imprint worker` in a process of its own. */
  startWorker(): Promise<WorkerProcess>;
  /** A file of the directory; its path. */
  write(name: string, content: string): Promise<string>;
  stop(): Promise<void>;
}

export const managementNode = 'mn-cli';

/** `more`: settings of its worker, beside those that it needs. */
export async function startCommandLab(more: Readonly<Record<string, string>> = {}): Promise<CommandLab> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-cli-'));
  const [temporal, database] = await Promise.all([startTemporal(), testDatabase()]);
  const environment = {
    DATABASE_URL: database.databaseUrl,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    IMPRINT_MANAGEMENT_NODE: managementNode,
    IMPRINT_LIBRARY: join(directory, 'library'),
    IMPRINT_SIMULATED_WORLD: join(directory, 'world'),
    IMPRINT_SECRET_AUTHORIZED_KEYS: 'ssh-ed25519 AAAAtest test',
    IMPRINT_TEMPORAL_UI: 'http://ui.test:8233',
    IMPRINT_STATE_DIR: join(directory, 'state'),
    ...more,
  };
  const before = { ...process.env };
  Object.assign(process.env, environment);
  const catalog = await createCatalog({ databaseUrl: database.databaseUrl });
  const workers: WorkerProcess[] = [];
  return {
    directory,
    catalog,
    temporal,
    environment,
    startWorker: async () => {
      const worker = await startWorkerProcess(environment, join(directory, 'worker.log'));
      workers.push(worker);
      return worker;
    },
    write: async (name, content) => {
      await writeFile(join(directory, name), content);
      return join(directory, name);
    },
    stop: async () => {
      for (const worker of workers) await worker.stop();
      await catalog.close();
      await database.drop();
      await temporal.stop();
      process.env = before;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A disk of the simulated system, as an import takes it. */
export function simulatedDisk(hostname: string): string {
  return formatSimulatedDisk({
    name: 'vda',
    virtualSizeBytes: 8 * 1024 ** 3,
    usedBytes: 1024 ** 2,
    system: { files: { '/etc/hostname': `${hostname}\n` }, clean: true, mountCount: 1 },
  });
}
