import type { SettledRun } from './catalog.ts';
import type { Database } from './database.ts';

/** What a step says that nobody carries out any more. */
export const cutStep = 'the run ended while this step was under way';

/** See `Runs.settle`. */
export async function settleRun(database: Database, id: string, end: SettledRun): Promise<boolean> {
  return await database.transaction(`settle run ${id}`, async (statements) => {
    const settled = await statements.rows(
      `UPDATE runs SET state = $2, outcome = $3, ended = greatest(created, coalesce($4::timestamptz, now()))
       WHERE id = $1 AND state = 'running' RETURNING id`,
      [id, end.state, end.outcome.replaceAll('\u0000', '\ufffd'), end.ended],
    );
    if (settled.length === 0) return false;
    await statements.rows(
      `UPDATE run_steps SET state = 'failed', error = $2, ended_at = greatest(started_at, coalesce($3::timestamptz, now()))
       WHERE run_id = $1 AND state = 'running'`,
      [id, cutStep, end.ended],
    );
    return true;
  });
}
