import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { ModuleDependencies } from '../../src/activities/dependencies.ts';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { createCatalog } from '../../src/catalog/create-catalog.ts';
import { createClient, type ImprintClient } from '../../src/client.ts';
import { bundledOnce } from './bundled-workflows.ts';
import { unwinding } from './unwinding.ts';
import { loadWorkerConfig, type WorkerConfig } from '../../src/config.ts';
import { createSimulatedWorld, directoryStore, type SimulatedWorld } from '../../src/provisioners/registry.ts';
import { prepare } from '../../src/library/prepare.ts';
import { createModules } from '../../src/worker/modules.ts';
import { settleHome } from '../../src/worker/temporal-home.ts';
import { createTemporalWorkers } from '../../src/worker/temporal-workers.ts';
import { testDatabase, type TestDatabase } from './postgres.ts';
import { startTemporal, type TestTemporal } from './temporal.ts';
import { freezePoints, type FreezePoint } from './freezing.ts';
import { freezingWorker, startWorkerProcess, type WorkerProcess } from './worker-process.ts';

/** The name of the operating system that is on every node of the simulated world. */
export const simulatedSystem = 'simulated-os';

const managementNode = 'mn-test';

/** A whole Imprint for tests: a real Temporal server, a real catalog, a library, and a simulated world in a directory. */
export interface TestImprint {
  readonly client: ImprintClient;
  readonly temporal: Client;
  readonly server: TestTemporal;
  readonly catalog: Catalog;
  readonly databaseUrl: string;
  /** Settings of its workers. */
  readonly environment: Readonly<Record<string, string>>;
  readonly world: SimulatedWorld;
  /** Absolute path of the library. */
  readonly library: string;
  /** A worker in a process of its own, for tests that kill it. `settings` come before those of the other workers. */
  startWorker(settings?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
  /** The same, which stops itself (SIGSTOP) when a call is under way at each of the points. `settings` come before those of the other workers. */
  startFreezingWorker(
    points: readonly FreezePoint[],
    settings?: Readonly<Record<string, string>>,
  ): Promise<WorkerProcess>;
  /**
   * A worker in this process: quicker. `change` may put something between the activities and what they work with; `of` is its management node,
   * by default that of all nodes.
   */
  startWorkerHere(change?: (deps: ModuleDependencies) => ModuleDependencies, of?: string): Promise<WorkerHere>;
  /** Adds a node that is on, as an administrator has configured it. Returns its name. */
  addNode(settings?: Readonly<Record<string, unknown>>): Promise<string>;
  /** A name that no other call gets. */
  fresh(prefix: string): string;
  stop(): Promise<void>;
}

export interface WorkerHere {
  stop(): Promise<void>;
}

/** What takes time on real machines takes none here, except the copy, which a test sets. */
const quick = { bootSeconds: 0, shutdownSeconds: 0, preCaptureSeconds: 0 };

export interface ImprintOptions {
  /** Where library and world lie; default: a temporary one. */
  readonly directory?: string;
  /** Default: a fresh one on the server of this test process. */
  readonly startDatabase?: () => Promise<TestDatabase>;
  /** Settings of the workers, beside those that they need. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts the platform (about 10 s); no worker yet. */
export async function startImprint(options: ImprintOptions = {}): Promise<TestImprint> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'imprint-test-')));
  await mkdir(directory, { recursive: true });
  const [server, database] = await startServers(options.startDatabase);
  const environment = { ...environmentOf(directory, server, database.databaseUrl), ...options.settings };
  const config = loadWorkerConfig(environment);
  const catalog = await createCatalog({ databaseUrl: database.databaseUrl });
  await introduce(catalog, config);
  const connection = await Connection.connect({ address: server.address });
  const temporal = new Client({ connection, namespace: server.namespace });
  const client = unwinding(createClient(temporal, catalog));
  const worldDirectory = join(directory, 'world');
  const workers = new Set<WorkerHere>();
  const startProcess = async (more: Readonly<Record<string, string>>, args?: readonly string[]) => {
    const worker = await startWorkerProcess({ ...environment, ...more }, args);
    workers.add({ stop: worker.kill });
    return worker;
  };
  let count = 0;
  const fresh = (prefix: string): string => `${prefix}-${String((count += 1)).padStart(2, '0')}`;
  return {
    client,
    temporal,
    server,
    catalog,
    databaseUrl: database.databaseUrl,
    environment,
    world: createSimulatedWorld({ seed: worldDirectory, store: directoryStore(worldDirectory) }),
    library: config.IMPRINT_LIBRARY,
    fresh,
    startWorker: async (more = {}) => await startProcess(more),
    startFreezingWorker: async (points, more = {}) =>
      await startProcess({ ...more, [freezePoints]: JSON.stringify(points) }, freezingWorker),
    startWorkerHere: async (change = (deps) => deps, of = managementNode) => {
      const worker = await startHere({ server, config: { ...config, IMPRINT_MANAGEMENT_NODE: of }, catalog, change });
      workers.add(worker);
      return worker;
    },
    addNode: async (settings = {}) => await addNode(catalog, fresh('lab'), { ...quick, ...settings }),
    stop: async () => {
      for (const worker of workers) await worker.stop();
      await client.close();
      await database.drop();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Both at once; when one of them cannot be started the other one is not left behind. */
async function startServers(startDatabase = testDatabase): Promise<readonly [TestTemporal, TestDatabase]> {
  const [server, database] = await Promise.allSettled([startTemporal(), startDatabase()]);
  if (server.status === 'fulfilled' && database.status === 'fulfilled') return [server.value, database.value];
  if (server.status === 'fulfilled') await server.value.stop();
  if (database.status === 'fulfilled') await database.value.drop();
  throw new Error('the servers of the test did not start', {
    cause: server.status === 'rejected' ? server.reason : database.status === 'rejected' && database.reason,
  });
}

function environmentOf(directory: string, server: TestTemporal, databaseUrl: string): Readonly<Record<string, string>> {
  return {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: server.address,
    TEMPORAL_NAMESPACE: server.namespace,
    IMPRINT_MANAGEMENT_NODE: managementNode,
    IMPRINT_LIBRARY: join(directory, 'library'),
    IMPRINT_SIMULATED_WORLD: join(directory, 'world'),
    IMPRINT_SECRET_AUTHORIZED_KEYS: 'ssh-ed25519 AAAAtest test',
  };
}

/** What an administrator registers once. */
async function introduce(catalog: Catalog, config: WorkerConfig): Promise<void> {
  const { IMPRINT_LIBRARY: libraryRoot, IMPRINT_ADDRESS: address } = config;
  await catalog.managementNodes.register({ name: managementNode, address, libraryRoot });
  await catalog.provisioningSystems.allow(managementNode, 'simulated');
  await catalog.operatingSystems.register({ name: simulatedSystem, module: 'simulated', installType: 'image' });
  await catalog.operatingSystems.allowInstallType('simulated', 'image');
}

async function addNode(catalog: Catalog, name: string, settings: Readonly<Record<string, unknown>>): Promise<string> {
  await catalog.computers.add({
    name,
    managementNode,
    provisioningSystem: 'simulated',
    address: '127.0.0.1',
    sshPort: 22,
    macAddresses: [],
    memoryMiB: 2048,
    cpus: 2,
    settings,
  });
  return name;
}

interface HerePlace {
  readonly server: TestTemporal;
  readonly config: WorkerConfig;
  readonly catalog: Catalog;
  change(deps: ModuleDependencies): ModuleDependencies;
}

let runtimeInstalled = false;

/** What a worker logs of hundreds of faults that tests inject would bury the tests' own output; their runs say the same. */
function installRuntime(): void {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), shutdownSignals: [] });
}

async function startHere({ server, config, catalog, change }: HerePlace): Promise<WorkerHere> {
  installRuntime();
  const connection = await NativeConnection.connect({ address: server.address });
  const modules = createModules(config, catalog);
  await prepare(modules.dependencies.library, { signal: AbortSignal.timeout(60_000), progress: () => undefined });
  const place = { connection, namespace: server.namespace };
  await settleHome(place, catalog.temporalHomes);
  const workers = await createTemporalWorkers(place, config, change(modules.dependencies), bundledOnce());
  const running = Promise.all(workers.map(async (worker) => await worker.run()));
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    for (const worker of workers) worker.shutdown();
    await running;
    await connection.close();
    await modules.close();
  };
  return { stop: async () => await (stopping ??= stop()) };
}
