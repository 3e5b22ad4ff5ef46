import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareLocalWorker } from '../../src/cli/local-worker-settings.ts';
import { startWorkerProcess } from '../../src/cli/worker-process.ts';
import { connect, type ImprintClient, type RunHandle } from '../../src/client.ts';
import { startPlatform, type Platform } from '../../src/platform/platform.ts';
import type { ProgressReporter } from '../../src/platform/progress.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { ensureTemporalBinary } from '../../src/platform/temporal-binary.ts';

/** A platform of its own with a worker and one simulated node, in a temporary directory. */
export interface Scene {
  readonly temporalUi: string;
  readonly client: ImprintClient;
  /** Starts the capture that the pictures show. Its copy lasts `copySeconds`. */
  startCapture(): Promise<RunHandle<unknown>>;
  stop(): Promise<void>;
}

const GIB = 1024 ** 3;
const used = Math.round(12.4 * GIB);
const node = 'lab-07';

/** Sets the scene. What the environment names (a server, a database) is left alone. */
export async function setScene(copySeconds: number, report: ProgressReporter): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), 'imprint-screenshots-'));
  const stops: (() => Promise<unknown>)[] = [async () => await rm(directory, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const platform = await startOwnPlatform(directory, report);
    stops.push(platform.stop);
    const settings = await prepareLocalWorker(platform.state, {});
    const worker = await startWorkerProcess({ ...settings, ...platform.environment }, join(directory, 'worker.log'));
    stops.push(worker.stop);
    const client = await connect({ databaseUrl: platform.databaseUrl });
    stops.push(client.close);
    await addNode(client, settings.IMPRINT_MANAGEMENT_NODE);
    return {
      temporalUi: platform.temporalUiUrl ?? '',
      client,
      startCapture: async () => await capture(client, copySeconds),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startOwnPlatform(directory: string, report: ProgressReporter): Promise<Platform> {
  await forgetEnvironment(directory, report);
  const platform = await startPlatform({ stateDirectory: directory, report });
  Object.assign(process.env, platform.environment);
  return platform;
}

/** Nothing that is configured is used, but the program of the Temporal server, which the checkout may have built. */
async function forgetEnvironment(directory: string, report: ProgressReporter): Promise<void> {
  const binary = await ensureTemporalBinary(await openStateDirectory(), report);
  const profile = join(directory, 'temporal.toml');
  await writeFile(profile, '[profile.default]\n');
  for (const name of Object.keys(process.env)) {
    if (/^(TEMPORAL_|DATABASE_URL$|IMPRINT_)/.test(name)) Reflect.deleteProperty(process.env, name);
  }
  Object.assign(process.env, { IMPRINT_TEMPORAL_BINARY: binary.path, TEMPORAL_CONFIG_FILE: profile });
}

async function addNode({ catalog }: ImprintClient, managementNode: string): Promise<void> {
  await catalog.operatingSystems.register({ name: 'debian12', module: 'simulated', installType: 'image' });
  await catalog.operatingSystems.allowInstallType('simulated', 'image');
  await catalog.computers.add({
    name: node,
    managementNode,
    provisioningSystem: 'simulated',
    address: '192.0.2.7',
    sshPort: 22,
    macAddresses: ['52:54:00:12:34:07'],
    memoryMiB: 4096,
    cpus: 2,
    settings: {
      disks: [{ name: 'vda', sizeBytes: 20 * GIB, usedBytes: used }],
      copyBytesPerSecond: used / 4,
    },
  });
}

async function capture(client: ImprintClient, copySeconds: number): Promise<RunHandle<unknown>> {
  return await client.startCapture(
    {
      node,
      image: 'web',
      operatingSystem: 'debian12',
      author: 'jane',
      comment: 'nginx and the course material',
      after: 'reload',
      copyRateBytes: Math.round(used / copySeconds),
    },
    { requestKey: 'course-42' },
  );
}
