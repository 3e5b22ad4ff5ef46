import type { ArchivedExecution } from '../catalog/archive.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { RunFailedError } from './errors.ts';

/** The latest execution of a run that Temporal has forgotten; undefined when it was never archived. */
export async function findArchived(catalog: Catalog, run: string): Promise<ArchivedExecution | undefined> {
  return (await catalog.archive.list(run))[0];
}

/** What `result()` would answer if Temporal still knew the run. `notFound`: what it said instead. */
export async function archivedResult<Result>(catalog: Catalog, run: string, notFound: Error): Promise<Result> {
  const archived = await findArchived(catalog, run);
  if (archived?.failure !== undefined) throw new RunFailedError(run, archived.failure);
  if (archived !== undefined) return archived.result as Result;
  const record = await catalog.runs.find(run);
  if (record === undefined || record.state === 'running' || record.state === 'completed') throw notFound;
  throw new RunFailedError(run, { reason: record.state, message: record.outcome ?? record.state }, notFound);
}
