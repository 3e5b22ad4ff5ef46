import { createCatalog } from '../catalog/create-catalog.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { connect, type ImprintClient } from '../client.ts';
import { loadConfig, loadWorkerConfig, type Config, type WorkerConfig } from '../config.ts';
import { InvalidInputError } from '../domain/errors.ts';
import { adoptPlatform } from './environment.ts';

/** Settings from the environment, completed by what runs in this checkout. */
export async function readConfig(): Promise<Config> {
  if (await adoptPlatform()) return loadConfig();
  throw new InvalidInputError(
    'nothing says where the catalog is: set DATABASE_URL, or start the platform of this checkout with `imprint up`',
  );
}

/** The same for what runs on a management node; every problem is listed at once. */
export async function readWorkerConfig(): Promise<WorkerConfig> {
  await adoptPlatform();
  return loadWorkerConfig();
}

/** Connects to the catalog and to Temporal, and closes both after `work`. */
export async function withClient<T>(work: (client: ImprintClient, config: Config) => Promise<T>): Promise<T> {
  const config = await readConfig();
  const client = await connect({ databaseUrl: config.DATABASE_URL });
  try {
    return await work(client, config);
  } finally {
    await client.close();
  }
}

/** For what needs no Temporal. */
export async function withCatalog<T>(work: (catalog: Catalog) => Promise<T>): Promise<T> {
  const config = await readConfig();
  const catalog = await createCatalog({ databaseUrl: config.DATABASE_URL, idRangeStart: config.IMPRINT_ID_RANGE });
  try {
    return await work(catalog);
  } finally {
    await catalog.close();
  }
}
