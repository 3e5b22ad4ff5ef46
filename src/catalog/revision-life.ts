import { ConflictError } from '../domain/errors.ts';
import { referenceOf, type Revision } from '../domain/image.ts';
import type { Database, Statements } from './database.ts';
import type { RevisionLife } from './published-revisions.ts';
import { changeState, inState, lockRevision, type LockedRevision } from './revision-lock.ts';

export function createRevisionLife(database: Database): RevisionLife {
  return {
    promote: (reference, by) =>
      database.transaction(`promote ${referenceOf(reference)}`, async (statements) => {
        const revision = await lockRevision(statements, reference);
        if (revision.state !== 'available') throw inState(revision, adviceToPromote(revision));
        if (revision.productionRevision !== revision.revision) await setProduction(statements, revision, by);
        return revision;
      }),
    retire: (reference, by) =>
      database.transaction(`retire ${referenceOf(reference)}`, async (statements) => {
        const revision = await lockRevision(statements, reference);
        if (revision.state === 'retired') return revision;
        if (revision.state !== 'available') throw inState(revision, 'only an available revision can be retired');
        if (revision.productionRevision === revision.revision) await endProduction(statements, revision);
        return await changeState(statements, revision, { state: 'retired', by });
      }),
    restore: (reference, by) =>
      database.transaction(`restore ${referenceOf(reference)}`, async (statements) => {
        const revision = await lockRevision(statements, reference);
        if (revision.state === 'available') return revision;
        if (revision.state !== 'retired') throw inState(revision, 'only a retired revision can be restored');
        if (revision.productionRevision === undefined) await setProduction(statements, revision, by);
        return await changeState(statements, revision, { state: 'available', by });
      }),
  };
}

function adviceToPromote(revision: Revision): string {
  if (revision.state !== 'retired') return 'only an available revision can be promoted';
  return `restore it first: imprint images restore ${referenceOf(revision)}`;
}

async function setProduction(statements: Statements, revision: Revision, by: string): Promise<void> {
  await statements.rows(
    'UPDATE images SET production_revision = $2, promoted = now(), promoted_by = $3 WHERE id = $1',
    [revision.imageId, revision.revision, by],
  );
}

/** While there are others, what the image's name means is for a person to say. */
async function endProduction(statements: Statements, revision: LockedRevision): Promise<void> {
  const others = await statements.rows(
    `SELECT FROM revisions WHERE image_id = $1 AND state = 'available' AND number <> $2`,
    [revision.imageId, revision.revision],
  );
  if (others.length > 0) {
    throw new ConflictError(
      `${referenceOf(revision)} is the production revision of ${revision.image}; promote another one first (imprint images promote)`,
    );
  }
  await statements.rows(
    'UPDATE images SET production_revision = NULL, promoted = NULL, promoted_by = NULL WHERE id = $1',
    [revision.imageId],
  );
}
