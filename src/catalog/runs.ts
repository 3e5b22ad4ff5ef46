import { z } from 'zod';
import { ConflictError, NotFoundError } from '../domain/errors.ts';
import { procedures, runStates, type RunRecord } from '../domain/run.ts';
import type { NewRun, Runs } from './catalog.ts';
import type { Database, Statements } from './database.ts';
import { jsonObject, parseFirst, parseRows, timestamp } from './rows.ts';
import { readSteps, refuseOver, upsertStep } from './run-steps.ts';
import { settleRun } from './settle-run.ts';

const runRow: z.ZodType<RunRecord> = z.object({
  id: z.string(),
  procedure: z.enum(procedures),
  node: z.string(),
  requestKey: z.string().exactOptional(),
  input: jsonObject,
  state: z.enum(runStates),
  outcome: z.string().exactOptional(),
  created: timestamp,
  ended: timestamp.exactOptional(),
});

const select =
  'SELECT id, procedure, node, request_key AS "requestKey", input, state, outcome, created, ended FROM runs';

export function createRuns(database: Database): Runs {
  return {
    register: (run) => database.transaction(`register run ${run.id}`, (statements) => registerRun(statements, run)),
    get: (id) => requireRun(database, id),
    async find(id) {
      return parseFirst(runRow, await database.read(`look up run ${id}`, `${select} WHERE id = $1`, [id]));
    },
    async list({ node, state, limit }) {
      const rows = await database.read(
        'list the runs',
        `${select} WHERE ($1::text IS NULL OR node = $1) AND ($2::text IS NULL OR state = $2)
         ORDER BY created DESC, id DESC LIMIT $3`,
        [node, state, limit],
      );
      return parseRows(runRow, rows);
    },
    steps: (id) => readSteps(database, id),
    recordStep: (id, step) => upsertStep(database, id, step),
    refuseOver: (id) => refuseOver(database, id),
    async recordOutcome(id, state, outcome) {
      const rows = await database.change(
        `record the outcome of run ${id}`,
        `UPDATE runs SET state = $2, outcome = $3, ended = now() WHERE id = $1 AND state = 'running' RETURNING id`,
        [id, state, outcome],
      );
      if (rows.length === 0) await requireRun(database, id);
    },
    settle: (id, end) => settleRun(database, id, end),
  };
}

/** Whoever asks again for a run that was given up because Temporal had never heard of it, as after an outage, gets it started now. */
const neverStarted = `UPDATE runs SET state = 'running', outcome = NULL, ended = NULL, created = now() WHERE id = $1 AND state = 'lost'
  AND NOT EXISTS (SELECT FROM run_steps WHERE run_id = $1) AND NOT EXISTS (SELECT FROM run_archive WHERE run_id = $1)`;

/** The insert waits for another one of the same id or request key that has not committed yet; the statement after it sees what came of that. */
async function registerRun(statements: Statements, run: NewRun): Promise<RunRecord> {
  const input = JSON.stringify(run.input);
  await statements.rows(
    `INSERT INTO runs (id, procedure, node, request_key, input) VALUES ($1, $2, $3, $4, $5::jsonb) ON CONFLICT DO NOTHING`,
    [run.id, run.procedure, run.node, run.requestKey, input],
  );
  await statements.rows(neverStarted, [run.id]);
  const rows = await statements.rows(
    `${select} WHERE request_key = $1 OR id = $2 ORDER BY request_key IS NOT DISTINCT FROM $1 DESC`,
    [run.requestKey, run.id],
  );
  const registered = required(run.id, parseFirst(runRow, rows));
  // jsonb compares values, so that neither the order of keys nor the way a number is written counts.
  const same = await statements.rows(
    'SELECT FROM runs WHERE id = $1 AND procedure = $2 AND node = $3 AND input = $4::jsonb',
    [registered.id, run.procedure, run.node, input],
  );
  if (same.length === 0) throw usedOtherwise(run, registered);
  return registered;
}

function usedOtherwise(run: NewRun, earlier: RunRecord): ConflictError {
  const what = run.requestKey === undefined ? `run id ${run.id}` : `request key ${JSON.stringify(run.requestKey)}`;
  return new ConflictError(`${what} belongs to run ${earlier.id}, which was asked for something else`, {
    evidence: { run: earlier.id, procedure: earlier.procedure, node: earlier.node, input: earlier.input },
  });
}

async function requireRun(database: Database, id: string): Promise<RunRecord> {
  const rows = await database.read(`read run ${id}`, `${select} WHERE id = $1`, [id]);
  return required(id, parseFirst(runRow, rows));
}

function required(id: string, run: RunRecord | undefined): RunRecord {
  if (!run) throw new NotFoundError(`no run ${JSON.stringify(id)} in the catalog`);
  return run;
}
