import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureEnvironment } from '../imaging/environment/build.ts';
import type { StateDirectory } from '../platform/state-directory.ts';

/** Puts the imaging environment where the worker of this library looks for it; it is built once for a state directory, in a minute and as root. */
export async function provideEnvironment(state: StateDirectory, library: string): Promise<void> {
  const cache = await state.directory('imaging');
  await ensureEnvironment(cache);
  await mkdir(join(library, '.imaging'), { recursive: true });
  await cp(cache, join(library, '.imaging', 'environment'), { recursive: true });
}
