import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { libraryPaths } from '../../src/library/paths.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import type { TestImprint } from './imprint.ts';

/** Starts a process that works for the run in the library, as its copies and checksums do; its number. */
export async function startRealJob({ library, catalog }: TestImprint, run: string, node: string): Promise<number> {
  const directory = libraryPaths({ root: library }).job(run, 'real');
  const fence = { node, owner: run, epoch: (await catalog.claims.find(node))?.epoch ?? 0 };
  const context = { signal: AbortSignal.timeout(60_000), progress: () => undefined };
  const spec = { id: 'real', directory, fence, file: 'sleep', args: ['3600'] };
  await createJobs().ensure(createLocalShell(), spec, context);
  return Number((await readFile(join(directory, 'process'), 'utf8')).split(' ')[0]);
}
