import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { UnavailableError } from '../domain/errors.ts';
import { isReadable } from './is-readable.ts';
import type { Environment } from './environment.ts';
import { forgetSettings, rememberSettings } from '../platform/remembered-settings.ts';
import type { StateDirectory } from '../platform/state-directory.ts';

/** The settings of the worker that `imprint up` runs: what the environment says, and places in the state directory for the rest. */
export type LocalWorkerSettings = Readonly<
  Record<'IMPRINT_MANAGEMENT_NODE' | 'IMPRINT_LIBRARY' | 'IMPRINT_SECRETS' | 'IMPRINT_SIMULATED_WORLD', string>
>;

/** Makes what is missing; finds what an earlier call made. */
export async function prepareLocalWorker(state: StateDirectory, env: Environment): Promise<LocalWorkerSettings> {
  const settings = {
    IMPRINT_MANAGEMENT_NODE: env['IMPRINT_MANAGEMENT_NODE'] ?? 'local',
    IMPRINT_LIBRARY: env['IMPRINT_LIBRARY'] ?? (await state.directory('library')),
    IMPRINT_SECRETS: env['IMPRINT_SECRETS'] ?? (await makeSecrets(await state.directory('secrets'))),
    IMPRINT_SIMULATED_WORLD: env['IMPRINT_SIMULATED_WORLD'] ?? (await state.directory('world')),
  };
  await rememberSettings(state, 'up', settings);
  return settings;
}

/** Other calls of the command line then no longer take this worker's settings for theirs. */
export async function forgetLocalWorker(state: StateDirectory): Promise<void> {
  await forgetSettings(state, 'up');
}

/** A key that opens root on the nodes, and the same as what root accepts there. Existing ones stay. */
async function makeSecrets(directory: string): Promise<string> {
  const key = join(directory, 'node-ssh-key');
  if (!(await isReadable(key))) await makeKey(key);
  const authorized = join(directory, 'authorized-keys');
  if (!(await isReadable(authorized))) await writeFile(authorized, await readFile(`${key}.pub`), { mode: 0o600 });
  return directory;
}

async function makeKey(file: string): Promise<void> {
  try {
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'imprint', '-f', file]);
  } catch (cause) {
    throw new UnavailableError(`make an SSH key for the nodes with ssh-keygen (package openssh-client)`, { cause });
  }
}
