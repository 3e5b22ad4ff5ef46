import { z } from 'zod';
import { ConflictError } from '../domain/errors.ts';
import type { StepRecord } from '../domain/run.ts';
import type { Database } from './database.ts';
import { integer, jsonObject, parseRows, timestamp } from './rows.ts';

const stepRow: z.ZodType<StepRecord> = z.object({
  number: z.string(),
  title: z.string(),
  state: z.enum(['running', 'done', 'failed', 'undone', 'undo-failed']),
  attempt: integer,
  startedAt: timestamp,
  endedAt: timestamp.exactOptional(),
  evidence: jsonObject.exactOptional(),
  error: z.string().exactOptional(),
});

/** `5.2` comes before `5.10`. */
const byNumber = new Intl.Collator('en', { numeric: true });

/** All steps of a run in the order of the procedure's page; none for a run that is not known. */
export async function readSteps(database: Database, run: string): Promise<readonly StepRecord[]> {
  const rows = await database.read(
    `read the steps of run ${run}`,
    `SELECT number, title, state, attempt, started_at AS "startedAt", ended_at AS "endedAt", evidence, error
     FROM run_steps WHERE run_id = $1`,
    [run],
  );
  return parseRows(stepRow, rows).sort((a, b) => byNumber.compare(a.number, b.number));
}

/**
 * An undo leaves what the step itself found or failed with, unless it has something to say of its own. What a step has found stays until it has
 * found something again, or says with an empty one that it is true no more: a run that was reset in Temporal reads there what it has done before.
 */
const upsert = `INSERT INTO run_steps AS old (run_id, number, title, state, attempt, evidence, error, ended_at)
  SELECT $1, $2, $3, $4::text, $5, $6::jsonb, $7, CASE WHEN $4 = 'running' THEN NULL ELSE now() END
  WHERE $4 <> 'running' OR NOT EXISTS (SELECT FROM runs WHERE id = $1 AND state <> 'running')
  ON CONFLICT (run_id, number) DO UPDATE SET title = excluded.title, state = excluded.state, attempt = excluded.attempt,
    ended_at = excluded.ended_at,
    evidence = CASE WHEN excluded.state LIKE 'undo%' OR (excluded.state = 'running' AND old.error IS NULL)
      THEN nullif(coalesce(excluded.evidence, old.evidence), '{}'::jsonb) ELSE excluded.evidence END,
    error = CASE WHEN excluded.state LIKE 'undo%' THEN coalesce(excluded.error, old.error) ELSE excluded.error END
  RETURNING number`;

/** See `Runs.recordStep`. */
export async function upsertStep(
  database: Database,
  run: string,
  step: Omit<StepRecord, 'startedAt' | 'endedAt'>,
): Promise<void> {
  const { number, title, state, attempt, evidence, error } = step;
  const json = evidence && JSON.stringify(evidence);
  const recorded = await database.change(`record step ${number} of run ${run}`, upsert, [
    run,
    number,
    title,
    state,
    attempt,
    json,
    error,
  ]);
  if (recorded.length === 0) throw runIsOver(run);
}

/** See `Runs.refuseOver`. */
export async function refuseOver(database: Database, run: string): Promise<void> {
  const over = await database.read(
    `look whether run ${run} is over`,
    `SELECT FROM runs WHERE id = $1 AND state <> 'running'`,
    [run],
  );
  if (over.length > 0) throw runIsOver(run);
}

function runIsOver(run: string): ConflictError {
  return new ConflictError(
    `run ${run} is over, and was reset in Temporal: nothing was touched; to take it up again: imprint runs replay ${run}`,
    { evidence: { disowned: true } },
  );
}
