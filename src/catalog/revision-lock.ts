import { z } from 'zod';
import { ConflictError, NotFoundError } from '../domain/errors.ts';
import { referenceOf, type Revision, type RevisionState } from '../domain/image.ts';
import type { NumberedRevision } from '../domain/names.ts';
import type { Statements } from './database.ts';
import { revisionRow, selectRevisions } from './revision-rows.ts';
import { integer, parseFirst } from './rows.ts';

/** A revision's row, and its image's, while nobody else can change them. */
export interface LockedRevision extends Revision {
  readonly productionRevision?: number;
}

/**
 * Locks the image, then the revision, until the transaction ends: as reserving and publishing do, so that these never wait for each other in
 * a circle. Throws NotFoundError.
 */
export async function lockRevision(
  statements: Statements,
  { image, revision }: NumberedRevision,
): Promise<LockedRevision> {
  const images = await statements.rows(
    'SELECT id, production_revision AS "productionRevision" FROM images WHERE name = $1 FOR UPDATE',
    [image],
  );
  const locked = parseFirst(z.object({ id: integer, productionRevision: integer.exactOptional() }), images);
  if (locked === undefined) throw new NotFoundError(`no image ${JSON.stringify(image)} in the catalog`);
  const key = [locked.id, revision];
  await statements.rows('SELECT FROM revisions WHERE image_id = $1 AND number = $2 FOR UPDATE', key);
  const rows = await statements.rows(`${selectRevisions} WHERE r.image_id = $1 AND r.number = $2`, key);
  const found = parseFirst(revisionRow, rows);
  if (found === undefined) throw new NotFoundError(`no revision ${String(revision)} of image ${image}`);
  const { productionRevision } = locked;
  return productionRevision === undefined ? found : { ...found, productionRevision };
}

/** Moves a locked revision to `state` and records who asked for it. */
export async function changeState(
  statements: Statements,
  revision: Revision,
  change: { readonly state: RevisionState; readonly by: string },
): Promise<Revision> {
  await statements.rows(
    'UPDATE revisions SET state = $2, state_changed = now(), state_changed_by = $3, deleting_run = NULL WHERE id = $1',
    [revision.id, change.state, change.by],
  );
  const rows = await statements.rows(`${selectRevisions} WHERE r.id = $1`, [revision.id]);
  return parseFirst(revisionRow, rows) ?? revision;
}

/** The error for a revision in a state in which what was asked for cannot be. */
export function inState(revision: Revision, advice: string): ConflictError {
  const is = revision.state === 'capturing' ? `still being captured by run ${String(revision.owner)}` : revision.state;
  return new ConflictError(`${referenceOf(revision)} is ${is}; ${advice}`, { evidence: { state: revision.state } });
}
