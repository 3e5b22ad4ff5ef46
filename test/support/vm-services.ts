import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { createCatalog } from '../../src/catalog/create-catalog.ts';
import { createClient, type ImprintClient, type RunHandle } from '../../src/client.ts';
import { buildGuestImage, type GuestImage } from '../../src/platform/guest-image.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';
import { createShellPool } from '../../src/remote/shell-pool.ts';
import type { Shell } from '../../src/remote/shell.ts';
import { testDatabase, type TestDatabase } from './postgres.ts';
import { startTemporal, type TestTemporal } from './temporal.ts';
import { unwinding } from './unwinding.ts';

/** Name of the management node, and of its library. */
export const managementNode = 'mn-test';

export type Close = () => Promise<void>;

/** What `start` makes, with a `stop` that ends all that it has put into the closers, the last first. When it fails halfway, that is ended at once. */
export async function startWhole<T extends object>(
  start: (closers: Close[]) => Promise<T>,
): Promise<T & { readonly stop: Close }> {
  const closers: Close[] = [];
  const stop = async (): Promise<void> => {
    const failed: unknown[] = [];
    for (const close of closers.splice(0).reverse()) await close().catch((error: unknown) => failed.push(error));
    if (failed.length > 0) throw new AggregateError(failed, 'not everything that was started could be ended');
  };
  try {
    return { ...(await start(closers)), stop };
  } catch (error) {
    await stop().catch((left: unknown) => {
      throw new AggregateError([error, left], 'not everything could be started, nor ended again');
    });
    throw error;
  }
}

export interface VmServicesOptions {
  /** Default: a fresh one on the server of this test process. */
  readonly startDatabase?: () => Promise<TestDatabase>;
}

/** What a whole Imprint on real machines stands on. */
export interface VmServices {
  readonly client: ImprintClient;
  readonly temporal: Client;
  readonly server: TestTemporal;
  /** Settings of its workers. */
  readonly environment: Readonly<Record<'IMPRINT_LIBRARY' | 'TEMPORAL_ADDRESS' | 'TEMPORAL_NAMESPACE', string>> &
    Readonly<Record<string, string>>;
  /** Ends a run in Temporal, as its UI does: the run does not learn of it, and takes nothing back. */
  terminate(run: RunHandle<unknown>): Promise<void>;
}

/** Starts Temporal and a catalog, and a client of both. */
export async function startServices(
  root: string,
  closers: Close[],
  { startDatabase = testDatabase }: VmServicesOptions = {},
): Promise<VmServices> {
  const server = await startTemporal();
  closers.push(server.stop);
  const database = await startDatabase();
  closers.push(database.drop);
  const catalog = await createCatalog({ databaseUrl: database.databaseUrl });
  const connection = await Connection.connect({ address: server.address });
  const temporal = new Client({ connection, namespace: server.namespace });
  const client = unwinding(createClient(temporal, catalog));
  closers.push(client.close);
  const environment = {
    DATABASE_URL: database.databaseUrl,
    TEMPORAL_ADDRESS: server.address,
    TEMPORAL_NAMESPACE: server.namespace,
    IMPRINT_MANAGEMENT_NODE: managementNode,
    IMPRINT_LIBRARY: join(root, 'library'),
  };
  const terminate = async ({ id }: RunHandle<unknown>): Promise<void> => {
    await temporal.workflow.getHandle(id).terminate('by a test');
  };
  return { client, temporal, server, environment, terminate };
}

/** Once for a machine: other tests and the demo use the same one. */
export async function buildGuest(): Promise<GuestImage> {
  const state = await openStateDirectory();
  return await buildGuestImage({ directory: await state.directory('guest'), report: () => undefined });
}

/** The guest's key as that of all nodes. */
export async function writeSecrets(directory: string, guest: GuestImage): Promise<string> {
  await mkdir(directory, { mode: 0o700 });
  for (const [name, source] of [
    ['node-ssh-key', guest.privateKey],
    ['authorized-keys', guest.publicKey],
  ] as const) {
    await copyFile(source, join(directory, name));
    await chmod(join(directory, name), 0o600);
  }
  return directory;
}

/** Shells to nodes by the guest's key; they are closed with the rest. */
export function openShells(catalog: Catalog, guest: GuestImage, closers: Close[]): (node: string) => Promise<Shell> {
  const shells = createShellPool();
  closers.push(async () => await shells.closeAll());
  const privateKey = async (): Promise<string> => await readFile(guest.privateKey, 'utf8');
  return async (node) => {
    const { address, sshPort: port, hostKeys = [] } = await catalog.computers.get(node);
    return shells.ssh({ address, port, user: 'root', privateKey, hostKeys });
  };
}
