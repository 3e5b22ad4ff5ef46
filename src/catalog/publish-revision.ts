import { ConflictError, InvalidInputError } from '../domain/errors.ts';
import type { Manifest, Revision, RevisionCopy } from '../domain/image.ts';
import type { Statements } from './database.ts';
import { revisionRow, selectRevisions } from './revision-rows.ts';
import { parseFirst } from './rows.ts';

export interface Publication {
  readonly revisionId: number;
  readonly manifest: Manifest;
  readonly copy: RevisionCopy;
}

/** See `Revisions.publish`. */
export async function publishRevision(
  statements: Statements,
  owner: string,
  publication: Publication,
): Promise<Revision> {
  const revision = await lockOwnRevision(statements, owner, publication.revisionId);
  // Published by an earlier attempt, whatever became of the revision since.
  if (revision.state !== 'capturing') return revision;
  checkPublication(revision, publication);
  await makeAvailable(statements, revision, publication);
  await insertCopy(statements, publication.copy);
  return required(owner, revision.id, await readRevision(statements, revision.id));
}

/** Locks the image first, as reserving and abandoning do, so that these never wait for each other in a circle. */
async function lockOwnRevision(statements: Statements, owner: string, id: number): Promise<Revision> {
  await statements.rows('SELECT FROM images WHERE id = (SELECT image_id FROM revisions WHERE id = $1) FOR UPDATE', [
    id,
  ]);
  const revision = required(owner, id, await readRevision(statements, id));
  if (revision.owner === owner) return revision;
  throw new ConflictError(
    `revision ${String(revision.revision)} of image ${revision.image} is owned by run ${String(revision.owner)}`,
    { evidence: { owner: revision.owner } },
  );
}

async function readRevision(statements: Statements, id: number): Promise<Revision | undefined> {
  return parseFirst(revisionRow, await statements.rows(`${selectRevisions} WHERE r.id = $1`, [id]));
}

function required(owner: string, id: number, revision: Revision | undefined): Revision {
  if (revision) return revision;
  throw new ConflictError(`revision id ${String(id)} is not reserved by run ${owner} (any more)`);
}

/** A manifest or a copy of another revision would make this one look sound. */
function checkPublication(revision: Revision, { manifest, copy }: Publication): void {
  const is = [manifest.revisionId, manifest.image, manifest.revision, copy.revisionId];
  const expected = [revision.id, revision.image, revision.revision, revision.id];
  if (is.every((value, index) => value === expected[index])) return;
  throw new InvalidInputError(
    `manifest or copy of revision ${String(revision.revision)} of image ${revision.image} names another revision`,
    { evidence: { is, expected } },
  );
}

async function makeAvailable(
  statements: Statements,
  revision: Revision,
  { manifest, copy }: Publication,
): Promise<void> {
  await statements.rows(
    `UPDATE revisions SET state = 'available', manifest = $2::jsonb, size_bytes = $3 WHERE id = $1`,
    [revision.id, JSON.stringify(manifest), copy.sizeBytes],
  );
  await statements.rows('UPDATE images SET production_revision = $2 WHERE id = $1 AND production_revision IS NULL', [
    revision.imageId,
    revision.revision,
  ]);
}

async function insertCopy(statements: Statements, copy: RevisionCopy): Promise<void> {
  const files = copy.verified && JSON.stringify(copy.verified.files);
  await statements.rows(
    `INSERT INTO revision_copies (revision_id, library, path, size_bytes, verified_at, verified_files)
     VALUES ($1, $2, $3, $4, $5, $6::jsonb)`,
    [copy.revisionId, copy.library, copy.path, copy.sizeBytes, copy.verified?.at, files],
  );
}
