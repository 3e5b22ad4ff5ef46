import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadClientConfigProfile } from '@temporalio/envconfig';
import { findPostmaster } from '../platform/postmaster.ts';
import { findProcess } from '../platform/process-file.ts';
import { rememberedSettings } from '../platform/remembered-settings.ts';
import { openStateDirectory, stateDirectoryPath } from '../platform/state-directory.ts';

/** Settings by name. */
export type Environment = Record<string, string | undefined>;

// eslint-disable-next-line no-restricted-syntax -- completes the environment for src/config.ts and for Temporal's own settings, which read it
export const processEnvironment: Environment = process.env;

/**
 * Where DATABASE_URL is not set: uses the platform that runs in the state directory of this checkout (`imprint up`, the demo). What is set
 * stays as it is. False when DATABASE_URL is not set and there is nothing to use.
 */
export async function adoptPlatform(env: Environment = processEnvironment): Promise<boolean> {
  if (isSet(env, 'DATABASE_URL')) return true;
  const found = await findPlatform(stateDirectoryPath(env));
  if (found === undefined) return false;
  for (const [name, value] of Object.entries(found)) {
    if (!isSet(env, name) && !isTemporalConfigured(name)) env[name] = value;
  }
  return true;
}

/** Whether stacks are to be printed. */
export function wantsStacks(env: Environment = processEnvironment): boolean {
  return env['IMPRINT_LOG_LEVEL'] === 'debug';
}

function isSet(env: Environment, name: string): boolean {
  return env[name] !== undefined && env[name] !== '';
}

/** An address in a profile of Temporal's configuration file counts as much as one in the environment. */
function isTemporalConfigured(name: string): boolean {
  if (name !== 'TEMPORAL_ADDRESS' && name !== 'IMPRINT_TEMPORAL_UI') return false;
  const { address } = loadClientConfigProfile();
  return address !== undefined && address !== '';
}

/** What runs in a state directory, as settings; undefined without a running database. Starts and makes nothing. */
async function findPlatform(path: string): Promise<Environment | undefined> {
  const data = join(path, 'postgres', 'data');
  const postmaster = existsSync(data) ? await findPostmaster(data) : undefined;
  if (postmaster === undefined) return undefined;
  const password = (await readFile(join(path, 'postgres', 'password'), 'utf8')).trim();
  return {
    // A demo that was kept has a database of its own.
    DATABASE_URL: `postgresql://postgres:${password}@127.0.0.1:${String(postmaster.port)}/imprint`,
    ...(await rememberedSettings(path)),
    // The UI before the address: an address that was adopted would look like a configured one.
    ...(await findTemporal(path)),
  };
}

async function findTemporal(path: string): Promise<Environment> {
  if ((await findProcess(join(path, 'temporal', 'process.json'))) === undefined) return {};
  const state = await openStateDirectory(path);
  const [port, uiPort] = [await state.rememberedPort('temporal'), await state.rememberedPort('temporal-ui')];
  return {
    ...(uiPort === undefined ? {} : { IMPRINT_TEMPORAL_UI: `http://127.0.0.1:${String(uiPort)}` }),
    ...(port === undefined ? {} : { TEMPORAL_ADDRESS: `127.0.0.1:${String(port)}` }),
  };
}
