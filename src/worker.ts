import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import type { Catalog } from './catalog/catalog.ts';
import { createCatalog } from './catalog/create-catalog.ts';
import type { WorkerConfig } from './config.ts';
import { checkInEveryMs } from './domain/check-in.ts';
import { UnavailableError, errorChain } from './domain/errors.ts';
import { prepare } from './library/prepare.ts';
import { createLauncher } from './remote/launcher.ts';
import { createLogger, installLogging, type Logger } from './worker/logging.ts';
import { createModules, type Modules } from './worker/modules.ts';
import { checkSiteDirectory } from './os/site-check.ts';
import { ensureSearchAttributes } from './platform/search-attributes.ts';
import { scheduleArchiver } from './worker/archive-schedule.ts';
import { startImaging } from './worker/imaging.ts';
import { leaveAwayRegularly } from './worker/leave-away.ts';
import { settleHome } from './worker/temporal-home.ts';
import { scheduleAudit } from './worker/audit-schedule.ts';
import type { TemporalPlace } from './worker/temporal-place.ts';
import { createTemporalWorkers } from './worker/temporal-workers.ts';
import type { WorkflowCode } from './worker/workflow-code.ts';

/**
 * Runs the worker of one management node until SIGTERM or SIGINT, then drains: activities detach, their jobs go on. Resolves when it is
 * drained. Fails fast, saying which part, when PostgreSQL, Temporal or the library cannot be used. `code` is by default that of the build,
 * or else bundled from the sources.
 */
export async function runWorker(config: WorkerConfig, code?: WorkflowCode): Promise<void> {
  const logger = createLogger(config.IMPRINT_LOG_LEVEL);
  installLogging(logger);
  const closers: (() => Promise<void>)[] = [];
  try {
    if (config.IMPRINT_SITE !== undefined) await checkSiteDirectory(config.IMPRINT_SITE);
    const catalog = await openCatalog(config);
    closers.push(async () => await catalog.close());
    const place = await connectTemporal();
    closers.push(async () => await place.connection.close());
    await ensureSearchAttributes(place.connection, place.namespace);
    await settleHome(place, catalog.temporalHomes, config.IMPRINT_NAMESPACE_ID);
    const launcher = createLauncher();
    closers.push(async () => await Promise.resolve(launcher.close()));
    const modules = createModules(config, catalog, launcher.launch);
    closers.push(async () => await modules.close());
    await introduce(config, catalog, modules);
    closers.push(await startImaging(config, logger));
    closers.push(checkInRegularly(config, catalog, logger));
    closers.push(leaveAwayRegularly({ place, deps: modules.dependencies, config, logger }));
    const workers = await createTemporalWorkers(place, config, modules.dependencies, code);
    await workRegularly(place, logger);
    logger.info({ managementNode: config.IMPRINT_MANAGEMENT_NODE, systems: modules.systems }, 'Worker is ready');
    await Promise.all(workers.map(async (worker) => await worker.run()));
    logger.info('Worker is drained');
  } finally {
    await closeAll(closers, logger);
  }
}

async function openCatalog(config: WorkerConfig): Promise<Catalog> {
  return await createCatalog({ databaseUrl: config.DATABASE_URL, idRangeStart: config.IMPRINT_ID_RANGE });
}

async function connectTemporal(): Promise<TemporalPlace> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = connectionOptions.address ?? 'localhost:7233';
  try {
    return { connection: await NativeConnection.connect(connectionOptions), namespace: namespace ?? 'default' };
  } catch (cause) {
    throw new UnavailableError(`connect to Temporal at ${address}`, { cause });
  }
}

/** Makes the library usable, and tells the catalog who this is and what it can drive. */
async function introduce(config: WorkerConfig, catalog: Catalog, modules: Modules): Promise<void> {
  const name = config.IMPRINT_MANAGEMENT_NODE;
  const signal = AbortSignal.timeout(60_000);
  await prepare(modules.dependencies.library, { signal, progress: () => undefined });
  await catalog.managementNodes.register({
    name,
    address: config.IMPRINT_ADDRESS,
    libraryRoot: config.IMPRINT_LIBRARY,
  });
  for (const system of modules.systems) await catalog.provisioningSystems.allow(name, system);
  await catalog.managementNodes.checkIn(name);
}

/** A worker that may not make schedules works all the same; somebody should know what nobody does regularly. */
async function workRegularly(place: TemporalPlace, logger: Logger): Promise<void> {
  await scheduleArchiver(place).catch((error: unknown) => {
    logger.warn({ error: errorChain(error) }, 'Ended runs are not archived regularly');
  });
  await scheduleAudit(place).catch((error: unknown) => {
    logger.warn({ error: errorChain(error) }, 'Nothing looks regularly for what belongs to no live run');
  });
}

function checkInRegularly(config: WorkerConfig, catalog: Catalog, logger: Logger): () => Promise<void> {
  const timer = setInterval(() => {
    catalog.managementNodes.checkIn(config.IMPRINT_MANAGEMENT_NODE).catch((error: unknown) => {
      logger.warn({ error: errorChain(error) }, 'Check-in failed');
    });
  }, checkInEveryMs);
  return async () => {
    clearInterval(timer);
    await Promise.resolve();
  };
}

/** Newest first; each is closed even if another fails. */
async function closeAll(closers: readonly (() => Promise<void>)[], logger: Logger): Promise<void> {
  for (const close of [...closers].reverse()) {
    await close().catch((error: unknown) => {
      logger.warn({ error: errorChain(error) }, 'A connection could not be closed');
    });
  }
}
