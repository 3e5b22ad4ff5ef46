import { posix } from 'node:path';
import { z } from 'zod';
import type { CallContext } from '../domain/call-context.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { libraryPaths, ownerOfKey } from './paths.ts';

/** A directory that a run has made in a library. */
export interface RunDirectory {
  /** Absolute, on the library's host. */
  readonly path: string;
  /** The run's workflow id, as the record beside the directory says it, or its name; absent where neither does. */
  readonly owner?: string;
  /** The highest epoch that acted on it; 0 where nothing says it. */
  readonly epoch: number;
}

const record = z.object({ owner: z.string(), epoch: z.number().int() });

/** What lies in staging, half removed directories too. Reads only. */
export async function listStaging(place: LibraryPlace, context: CallContext): Promise<readonly RunDirectory[]> {
  const found = await directories(place, { under: libraryPaths(place).stagingRoot, depth: 1 }, context);
  return await Promise.all(found.map(async (path) => await describeStaging(place, path, context)));
}

/** Directories of jobs, running, ended or lost, of all runs. Reads only. */
export async function listJobs(place: LibraryPlace, context: CallContext): Promise<readonly RunDirectory[]> {
  const found = await directories(place, { under: libraryPaths(place).jobsRoot, depth: 2 }, context);
  return await Promise.all(found.map(async (path) => await describeJob(place, path, context)));
}

/** Names of the directories of images: `web-v3`. Reads only. */
export async function listImages(place: LibraryPlace, context: CallContext): Promise<readonly string[]> {
  const found = await directories(place, { under: libraryPaths(place).root, depth: 1 }, context);
  return found.map((path) => posix.basename(path)).filter((name) => /.-v\d+$/.test(name));
}

/** The highest epoch that acted for a run in this library; 0 where nothing of it is recorded. Reads only. */
export async function highestEpoch(place: LibraryPlace, run: string, context: CallContext): Promise<number> {
  const paths = libraryPaths(place);
  const staging = await describeStaging(place, paths.staging(run), context);
  const args = [paths.jobs(run), '-mindepth', '1', '-maxdepth', '1', '-type', 'f', '-name', '*.fence'];
  const fences = await find(place, args, context);
  const jobs = await Promise.all(
    fences.map(async (path) => await describeJob(place, path.replace(/\.fence$/, ''), context)),
  );
  return Math.max(staging.epoch, ...jobs.map(({ epoch }) => epoch));
}

/** Whether there is anything of this path. */
export async function exists(place: LibraryPlace, path: string, context: CallContext): Promise<boolean> {
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  return (await place.shell.run('test', ['-e', path], options)).exitCode === 0;
}

async function describeStaging(place: LibraryPlace, path: string, context: CallContext): Promise<RunDirectory> {
  // Removing begins with a rename, to `<name>.removed.<process>`.
  const named = path.replace(/\.removed\.\d+$/, '');
  const text = await textOf(place, `${named}.owner.json`, context);
  const { data } = record.safeParse(text === undefined ? undefined : jsonOf(text));
  const owner = data?.owner ?? ownerOfKey(posix.basename(named));
  return { path, epoch: data?.epoch ?? 0, ...(owner === undefined ? {} : { owner }) };
}

/** The fence of a job is kept beside it: the epoch on the first line, the owner on the second. */
async function describeJob(place: LibraryPlace, path: string, context: CallContext): Promise<RunDirectory> {
  const [epoch, said] = (await textOf(place, `${path}.fence`, context))?.split('\n') ?? [];
  const owner = said ?? ownerOfKey(posix.basename(posix.dirname(path)));
  return { path, epoch: Number(epoch ?? 0) || 0, ...(owner === undefined ? {} : { owner }) };
}

interface Level {
  readonly under: string;
  readonly depth: number;
}

async function directories(
  place: LibraryPlace,
  { under, depth }: Level,
  context: CallContext,
): Promise<readonly string[]> {
  const level = String(depth);
  const args = [under, '-mindepth', level, '-maxdepth', level, '-type', 'd', '-not', '-name', '.*'];
  return await find(place, args, context);
}

/** What vanishes while it is looked for is not found; a directory that is not there has nothing. */
async function find(place: LibraryPlace, args: readonly string[], context: CallContext): Promise<readonly string[]> {
  const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
  return (await place.shell.run('find', args, options)).stdout.split('\n').filter((line) => line !== '');
}

async function textOf(place: LibraryPlace, path: string, context: CallContext): Promise<string | undefined> {
  try {
    const content = await place.shell.download(path, { signal: context.signal, timeoutMs: 60_000 });
    return Buffer.from(content).toString('utf8');
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
