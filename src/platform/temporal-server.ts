import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { msToTs } from '@temporalio/common/lib/time.js';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import { UnavailableError } from '../domain/errors.ts';
import { findProcess, startDetached, stopProcess, type DetachedCommand } from './process-file.ts';
import type { ProgressReporter } from './progress.ts';
import { ensureSearchAttributes, searchAttributeArguments } from './search-attributes.ts';
import { withStartLock } from './start-lock.ts';
import type { StateDirectory } from './state-directory.ts';
import { ensureTemporalBinary } from './temporal-binary.ts';
import { temporalAnswers, waitForTemporal, withTemporal, type TemporalPlace } from './temporal-connection.ts';

/** The namespace of a local start and of temporal-dev.yml. */
export const localNamespace = 'default';

/** How long a local server keeps closed runs: 30 days. Its own default is one day, too short for looking at last week's capture. */
export const localRetentionSeconds = 30 * 24 * 3600;

/** A cold start takes four seconds on a slow machine; recovering a big database file takes longer. */
const startLimitMs = 90_000;

export interface TemporalService {
  readonly address: string;
  readonly namespace: string;
  /** Absent when the server was configured and its UI's address is unknown. */
  readonly uiUrl?: string;
  /** For people: which server this is. */
  readonly origin: string;
  /** Environment by which another process reaches the same server; empty when it is configured there already. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether this call started it. */
  readonly started: boolean;
  /** Stops it if this call started it. What runs on it goes on at its next start, since its database is a file. */
  stop(): Promise<void>;
}

/**
 * The Temporal server: the one that Temporal's standard settings name (TEMPORAL_ADDRESS, a profile in its configuration file), otherwise a
 * dev server of this state directory, started or found running. The search attributes are registered in both cases.
 */
export async function ensureTemporal(state: StateDirectory, report: ProgressReporter): Promise<TemporalService> {
  const configured = configuredTemporal();
  return configured === undefined ? await ensureLocalTemporal(state, report) : await useConfiguredTemporal(configured);
}

function configuredTemporal(): TemporalPlace | undefined {
  const profile = loadClientConfigProfile();
  if (profile.address === undefined || profile.address === '') return undefined;
  const { connectionOptions, namespace } = toClientOptions(profile);
  return {
    connectionOptions: { ...connectionOptions, address: profile.address },
    namespace: namespace ?? localNamespace,
  };
}

async function useConfiguredTemporal(place: TemporalPlace): Promise<TemporalService> {
  await withTemporal(place, async (connection) => await ensureSearchAttributes(connection, place.namespace));
  const uiUrl = process.env['TEMPORAL_UI_URL'];
  return {
    address: place.connectionOptions.address,
    namespace: place.namespace,
    ...(uiUrl === undefined ? {} : { uiUrl }),
    origin: 'the configured one',
    environment: {},
    started: false,
    stop: async () => undefined,
  };
}

/** Stops the dev server of a state directory, whoever started it; nothing runs: success. */
export async function stopLocalTemporal(state: StateDirectory): Promise<void> {
  await stopProcess(join(await state.directory('temporal'), 'process.json'), 15_000);
}

async function ensureLocalTemporal(state: StateDirectory, report: ProgressReporter): Promise<TemporalService> {
  const directory = await state.directory('temporal');
  return await withStartLock(join(directory, 'start.lock'), 10 * 60_000, async () => {
    const running = await findRunning(state, directory);
    return running ?? (await startLocal(state, directory, report));
  });
}

async function findRunning(state: StateDirectory, directory: string): Promise<TemporalService | undefined> {
  const alive = await findProcess(join(directory, 'process.json'));
  const [port, uiPort] = [await state.rememberedPort('temporal'), await state.rememberedPort('temporal-ui')];
  if (alive === undefined || port === undefined || uiPort === undefined) return undefined;
  if (!(await answers(placeAt(port), join(directory, 'process.json')))) {
    // It runs and does not answer: it hangs, or its port was lost. A new one goes on from its database file.
    await stopLocalTemporal(state);
    return undefined;
  }
  return serviceAt({ port, uiPort, origin: 'started earlier' });
}

/** Asked several times while its process lives: on a busy machine one that works may be late, and must not be taken for one that hangs. */
async function answers(place: TemporalPlace, processFile: string): Promise<boolean> {
  for (let tries = 4; tries > 0; tries -= 1) {
    if (await temporalAnswers(place)) return true;
    if ((await findProcess(processFile)) === undefined) return false;
  }
  return false;
}

async function startLocal(
  state: StateDirectory,
  directory: string,
  report: ProgressReporter,
): Promise<TemporalService> {
  const binary = await ensureTemporalBinary(state, report);
  const [port, uiPort] = [await state.freePort('temporal'), await state.freePort('temporal-ui')];
  const processFile = join(directory, 'process.json');
  const logFile = join(directory, 'server.log');
  await report.during('Starting the Temporal dev server', async () => {
    const args = serverArguments({ database: join(directory, 'temporal.db'), port, uiPort });
    await launch({ file: binary.path, args, directory, logFile, processFile }, placeAt(port), launchesMax);
  });
  const service = serviceAt({ port, uiPort, origin: `dev server, ${binary.path} (${binary.origin})` });
  return { ...service, started: true, stop: () => stopLocalTemporal(state) };
}

/** The server also takes ports that it chooses itself, and ends when somebody was faster: then it is started again. */
const launchesMax = 3;

async function launch(command: DetachedCommand, place: TemporalPlace, launches: number): Promise<void> {
  const { logFile, processFile } = command;
  const before = (await readFile(logFile, 'utf8').catch(() => '')).length;
  try {
    await startDetached(command);
    await settle(place, processFile, logFile);
  } catch (error) {
    const said = (await readFile(logFile, 'utf8').catch(() => '')).slice(before);
    if (launches <= 1 || !said.includes('address already in use')) throw error;
    await launch(command, place, launches - 1);
  }
}

/** Waits until the server answers and sets up its namespace; a server that cannot be used is stopped again. */
async function settle(place: TemporalPlace, processFile: string, logFile: string): Promise<void> {
  try {
    await waitForTemporal(place, startLimitMs, async () => (await findProcess(processFile)) !== undefined);
    await withTemporal(place, async (connection) => {
      await ensureSearchAttributes(connection, localNamespace);
      const config = { workflowExecutionRetentionTtl: msToTs(localRetentionSeconds * 1_000) };
      await connection.workflowService.updateNamespace({ namespace: localNamespace, config });
    });
  } catch (cause) {
    await stopProcess(processFile);
    throw new UnavailableError('could not start the Temporal dev server', {
      cause,
      evidence: { log: await endOf(logFile) },
    });
  }
}

/**
 * One flush a commit in place of several, still before the commit is answered: nothing that was answered is lost by a power cut. The server
 * writes through one connection, so the time of a commit limits all runs together.
 */
const quickCommits = ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=full'];

/** The arguments of `temporal` for a dev server on the loopback. */
export function serverArguments(at: { database: string; port: number; uiPort: number }): readonly string[] {
  return [
    'server',
    'start-dev',
    '--ip',
    '127.0.0.1',
    '--db-filename',
    at.database,
    '--port',
    String(at.port),
    '--ui-port',
    String(at.uiPort),
    '--log-level',
    'error',
    ...quickCommits,
    ...searchAttributeArguments(),
  ];
}

function placeAt(port: number): TemporalPlace {
  return { connectionOptions: { address: `127.0.0.1:${String(port)}` }, namespace: localNamespace };
}

function serviceAt(at: { port: number; uiPort: number; origin: string }): TemporalService {
  const address = `127.0.0.1:${String(at.port)}`;
  return {
    address,
    namespace: localNamespace,
    uiUrl: `http://127.0.0.1:${String(at.uiPort)}`,
    origin: at.origin,
    environment: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: localNamespace },
    started: false,
    stop: async () => undefined,
  };
}

async function endOf(logFile: string): Promise<string> {
  return (await readFile(logFile, 'utf8').catch(() => '')).slice(-1_000);
}
