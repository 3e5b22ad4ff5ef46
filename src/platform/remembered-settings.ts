import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { StateDirectory } from './state-directory.ts';

/** Who leaves settings for the command line in a state directory; what `up` runs goes before what a demo has left running. */
const files = { up: 'worker.json', demo: 'kept-demo.json' } as const;
type Rememberer = keyof typeof files;

const settings = z.record(z.string(), z.string());

/** The command line then finds, without any settings, the worker that runs here. A database's password may be among them: mode 0600. */
export async function rememberSettings(
  state: StateDirectory,
  who: Rememberer,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFile(join(state.path, files[who]), `${JSON.stringify(values, undefined, 2)}\n`, { mode: 0o600 });
}

/** Nothing remembered: success. */
export async function forgetSettings({ path }: Pick<StateDirectory, 'path'>, who: Rememberer): Promise<void> {
  await rm(join(path, files[who]), { force: true });
}

/** Of the worker that runs in the state directory at this path; none where there is no such worker. */
export async function rememberedSettings(path: string): Promise<Readonly<Record<string, string>>> {
  return (await read(join(path, files.up))) ?? (await read(join(path, files.demo))) ?? {};
}

async function read(file: string): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return settings.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // There is none; then settings come from the environment.
    return undefined;
  }
}
