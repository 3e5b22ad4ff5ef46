import { z } from 'zod';
import { ConflictError } from '../domain/errors.ts';
import { referenceOf, type Revision } from '../domain/image.ts';
import { refuseUsed } from '../domain/revision-use.ts';
import type { NumberedRevision } from '../domain/names.ts';
import type { Database, Statements } from './database.ts';
import type { RevisionDeletion } from './published-revisions.ts';
import { changeState, inState, lockRevision } from './revision-lock.ts';
import { usesOf } from './revision-uses.ts';
import { integer, parseFirst } from './rows.ts';

export function createRevisionDeletion(database: Database): RevisionDeletion {
  return {
    find: (reference) =>
      database.transaction(`read ${referenceOf(reference)}`, (statements) => lockRevision(statements, reference)),
    check: (reference) =>
      database.transaction(`look whether ${referenceOf(reference)} can be deleted`, async (statements) => {
        const revision = await lockRevision(statements, reference);
        if (revision.state !== 'deleting') await refuseUndeletable(statements, revision);
        return revision;
      }),
    begin: (reference, run, instead) =>
      database.transaction(`begin to delete ${referenceOf(reference)}`, (statements) =>
        begin(statements, reference, { run, instead }),
      ),
    async deletingRun(revisionId) {
      const sql = `SELECT deleting_run AS run FROM revisions WHERE id = $1 AND state = 'deleting'`;
      const rows = await database.read(`look up who deletes revision ${String(revisionId)}`, sql, [revisionId]);
      return parseFirst(runRow, rows)?.run;
    },
    async takeBack(revisionId, run) {
      await database.change(`keep revision ${String(revisionId)} after all`, takeBack, [revisionId, run]);
    },
    async forgetCopy(revisionId, library) {
      await database.change(
        `forget the copy of revision ${String(revisionId)} in library ${library}`,
        `DELETE FROM revision_copies WHERE library = $2
         AND revision_id = (SELECT id FROM revisions WHERE id = $1 AND state = 'deleting')`,
        [revisionId, library],
      );
    },
    finish: (revisionId, run, by) =>
      database.transaction(`record that revision ${String(revisionId)} is deleted`, (statements) =>
        finish(statements, revisionId, { run, by }),
      ),
  };
}

/** A run records a step before it carries it out, and those numbered 2.1, 2.2 … remove bytes: also those of a run that this one took over from. */
const takeBack = `UPDATE revisions r SET state = 'retired', deleting_run = NULL FROM images i
  WHERE i.id = r.image_id AND r.id = $1 AND r.state = 'deleting' AND r.deleting_run = $2 AND NOT EXISTS (
    SELECT FROM runs d JOIN run_steps s ON s.run_id = d.id
    WHERE d.procedure = 'deleteRevision' AND d.node = i.name || '-v' || r.number AND s.number LIKE '2.%')`;

const runRow = z.object({ run: z.string().exactOptional() });
const numberedRow = z.object({ image: z.string(), revision: integer });

async function begin(
  statements: Statements,
  reference: NumberedRevision,
  { run, instead }: { readonly run: string; readonly instead: string | undefined },
): Promise<Revision> {
  const revision = await lockRevision(statements, reference);
  if (revision.state === 'deleting') {
    const rows = await statements.rows('SELECT deleting_run AS run FROM revisions WHERE id = $1', [revision.id]);
    const other = parseFirst(runRow, rows)?.run;
    if (other === run) return revision;
    if (other !== instead) {
      throw new ConflictError(`${referenceOf(revision)} is being deleted by run ${String(other)}`, {
        evidence: { owner: other },
      });
    }
  } else await refuseUndeletable(statements, revision);
  await statements.rows(`UPDATE revisions SET state = 'deleting', deleting_run = $2 WHERE id = $1`, [revision.id, run]);
  return { ...revision, state: 'deleting' };
}

/** In two stages, so that a slip of the hand takes nothing away for good. */
async function refuseUndeletable(statements: Statements, revision: Revision): Promise<void> {
  if (revision.state === 'available') {
    throw inState(revision, `retire it first: imprint images retire ${referenceOf(revision)}`);
  }
  if (revision.state !== 'retired') throw inState(revision, 'only a retired revision can be deleted');
  refuseUsed(revision, await usesOf(statements, revision.id));
}

async function finish(
  statements: Statements,
  revisionId: number,
  { run, by }: { readonly run: string; readonly by: string },
): Promise<void> {
  const named = await statements.rows(
    'SELECT i.name AS image, r.number AS revision FROM revisions r JOIN images i ON i.id = r.image_id WHERE r.id = $1',
    [revisionId],
  );
  const revision = await lockRevision(statements, numberedRow.parse(named[0]));
  const mine = await statements.rows(
    `SELECT FROM revisions WHERE id = $1 AND state = 'deleting' AND deleting_run = $2`,
    [revisionId, run],
  );
  if (mine.length === 0) return;
  const copies = await statements.rows('SELECT FROM revision_copies WHERE revision_id = $1', [revisionId]);
  if (copies.length > 0) throw new ConflictError(`${referenceOf(revision)} still has copies`);
  await changeState(statements, revision, { state: 'deleted', by });
}
