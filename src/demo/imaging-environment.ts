import { cp, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureEnvironment } from '../imaging/environment/build.ts';
import type { StateDirectory } from '../platform/state-directory.ts';

/** Puts the imaging environment where the worker of this library looks for it; it is built once for a state directory, in a minute and as root. */
export async function provideEnvironment(state: StateDirectory, library: string): Promise<void> {
  const built = dirname((await ensureEnvironment(await state.directory('imaging'))).kernel);
  const place = join(library, '.imaging', 'environment');
  await mkdir(place, { recursive: true });
  await cp(built, join(place, basename(built)), { recursive: true });
}
