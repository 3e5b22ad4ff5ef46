import { z } from 'zod';
import { NotFoundError } from '../domain/errors.ts';
import type { RevisionUse } from '../domain/revision-use.ts';
import { lockFenced } from './computer-lock.ts';
import type { Database, Statements } from './database.ts';
import type { RevisionUses } from './published-revisions.ts';
import { inState } from './revision-lock.ts';
import { revisionRow, selectRevisions } from './revision-rows.ts';
import { parseFirst, parseRows } from './rows.ts';

export function createRevisionUses(database: Database): RevisionUses {
  return {
    hold: (fence, revisionId) =>
      database.transaction(`hold revision ${String(revisionId)} for ${fence.node}`, async (statements) => {
        const { id } = await lockFenced(statements, fence);
        const held = await statements.rows('SELECT FROM claim_revisions WHERE computer_id = $1 AND revision_id = $2', [
          id,
          revisionId,
        ]);
        if (held.length > 0) return;
        await lockAvailable(statements, revisionId);
        await statements.rows('INSERT INTO claim_revisions (computer_id, revision_id) VALUES ($1, $2)', [
          id,
          revisionId,
        ]);
      }),
    list: (revisionId) =>
      database.transaction(`find out what uses revision ${String(revisionId)}`, (statements) =>
        usesOf(statements, revisionId),
      ),
    forgetReplaced: (fence) =>
      database.transaction(`forget the replaced disks of ${fence.node}`, async (statements) => {
        const { id } = await lockFenced(statements, fence);
        await statements.rows('DELETE FROM replaced_clones WHERE computer_id = $1', [id]);
      }),
  };
}

/** Before a computer's record of what is loaded changes: the disks that are replaced lie there until they were deleted. */
export async function rememberReplaced(statements: Statements, computerId: number, revisionId: number): Promise<void> {
  await statements.rows(
    `INSERT INTO replaced_clones (computer_id, revision_id)
     SELECT id, current_revision_id FROM computers WHERE id = $1 AND current_revision_id <> $2 ON CONFLICT DO NOTHING`,
    [computerId, revisionId],
  );
}

/** The lock lets other loads in, but no deletion; one that was first is waited for, and then seen. */
async function lockAvailable(statements: Statements, revisionId: number): Promise<void> {
  await statements.rows('SELECT FROM revisions WHERE id = $1 FOR SHARE', [revisionId]);
  const rows = await statements.rows(`${selectRevisions} WHERE r.id = $1`, [revisionId]);
  const revision = parseFirst(revisionRow, rows);
  if (revision === undefined) throw new NotFoundError(`no revision with id ${String(revisionId)} in the catalog`);
  if (revision.state !== 'available') throw inState(revision, 'only an available revision is loaded');
}

const useRow: z.ZodType<RevisionUse> = z.object({
  kind: z.enum(['loaded', 'replaced', 'load', 'capture', 'source']),
  name: z.string(),
});

/** What uses a revision, by kind and name. In a transaction that has locked the revision: nothing is added to it. */
export async function usesOf(statements: Statements, revisionId: number): Promise<readonly RevisionUse[]> {
  const rows = await statements.rows(
    `SELECT 'loaded' AS kind, name FROM computers WHERE current_revision_id = $1
     UNION SELECT 'replaced', c.name FROM replaced_clones o JOIN computers c ON c.id = o.computer_id WHERE o.revision_id = $1
     UNION SELECT 'load', k.owner FROM claim_revisions u JOIN claims k ON k.computer_id = u.computer_id WHERE u.revision_id = $1
     UNION SELECT 'capture', k.owner FROM revisions r JOIN claims k ON k.owner = r.owner WHERE r.id = $1
     UNION SELECT 'source', c.name FROM set_aside s JOIN computers c ON c.id = s.computer_id
       JOIN revisions r ON r.id = s.revision_id WHERE r.id = $1 AND r.first_ready_at IS NULL
     ORDER BY kind, name`,
    [revisionId],
  );
  return parseRows(useRow, rows);
}
