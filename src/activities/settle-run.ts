import { leftByEnd, outcomeOfEnd, stateOfEnd } from '../domain/ended-run.ts';
import type { RunRecord } from '../domain/run.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** A run is recorded before it is started: one that Temporal does not know may be about to begin. */
export const startGraceMs = 10 * 60_000;

/**
 * Archives a run that the catalog takes for running though it has ended, and records its end; true when this call did. A run that goes on stays
 * as it is, and so does one that Temporal does not know yet.
 */
export async function settleRun(deps: ActivityDependencies, run: RunRecord): Promise<boolean> {
  const { catalog, closedRuns, runs } = deps;
  const ended = await closedRuns.read({ run: run.id });
  if (ended !== undefined) {
    await catalog.archive.add(ended);
    const end = { state: stateOfEnd(ended.status), outcome: outcomeOfEnd(ended), ended: ended.closed };
    return await catalog.runs.settle(run.id, end);
  }
  if ((await runs.presence(run.id)) !== 'absent') return false;
  return await settleAbsent(deps, run);
}

async function settleAbsent({ catalog }: ActivityDependencies, run: RunRecord): Promise<boolean> {
  const [archived] = await catalog.archive.list(run.id);
  if (archived !== undefined) {
    const { status, closed } = archived;
    const outcome = outcomeOfEnd({ ...run, ...archived });
    const end = { state: stateOfEnd(status), outcome, ended: closed };
    return await catalog.runs.settle(run.id, end);
  }
  if (Date.now() - Date.parse(run.created) < startGraceMs) return false;
  const begun = (await catalog.runs.steps(run.id)).length > 0;
  const outcome = begun
    ? `unknown: Temporal has no record of this run (any more); ${leftByEnd(run)}`
    : 'it was never started: Temporal has no record of it';
  return await catalog.runs.settle(run.id, { state: 'lost', outcome });
}
