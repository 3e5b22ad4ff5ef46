import { posix } from 'node:path';
import type { CallContext } from '../domain/call-context.ts';
import type { Fence } from '../domain/fence.ts';
import type { Jobs } from '../remote/job.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { libraryPaths } from './paths.ts';

/** Ends every job that the run has in this library, proves them dead and removes their directories. Of nothing: success. */
export async function endJobs(place: LibraryPlace, jobs: Jobs, fence: Fence, context: CallContext): Promise<void> {
  await endJobsExcept(place, jobs, { fence, keep: [] }, context);
}

/** The same, but the jobs with these ids go on. */
export async function endJobsExcept(
  place: LibraryPlace,
  jobs: Jobs,
  { fence, keep }: { readonly fence: Fence; readonly keep: readonly string[] },
  context: CallContext,
): Promise<void> {
  const directory = libraryPaths(place).jobs(fence.owner);
  const args = [directory, '-mindepth', '1', '-maxdepth', '1', '-type', 'd', '-not', '-name', '.*'];
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  const found = await place.shell.run('find', args, options);
  for (const path of found.stdout.split('\n').filter((line) => line !== '')) {
    if (keep.includes(posix.basename(path))) continue;
    await jobs.end(place.shell, path, fence, context);
  }
}
