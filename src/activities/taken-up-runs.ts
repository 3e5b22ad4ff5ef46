import type { Catalog } from '../catalog/catalog.ts';
import type { Resumes } from '../domain/inputs.ts';

/** A run, and the one that it takes up. */
export interface Lineage {
  readonly run: string;
  readonly resumes?: Resumes;
}

/** The run, the one that it takes up, the one that that took up …: the newest first. */
export async function takenUpRuns(catalog: Catalog, { run, resumes }: Lineage): Promise<readonly string[]> {
  const runs = [run];
  let next = resumes;
  while (next !== undefined && !runs.includes(next.run)) {
    runs.push(next.run);
    next = (await catalog.runs.find(next.run))?.input['resumes'] as Resumes | undefined;
  }
  return runs;
}
