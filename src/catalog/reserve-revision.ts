import { z } from 'zod';
import { ConflictError, NotFoundError } from '../domain/errors.ts';
import type { Revision } from '../domain/image.ts';
import type { ReservationRequest } from './catalog.ts';
import { lockFenced } from './computer-lock.ts';
import type { Statements } from './database.ts';
import { revisionRow, selectRevisions } from './revision-rows.ts';
import { integer, parseFirst } from './rows.ts';

/** See `Revisions.reserve`. */
export async function reserveRevision(statements: Statements, request: ReservationRequest): Promise<Revision> {
  if (request.fence) await lockFenced(statements, { ...request.fence, owner: request.owner });
  const own = await findOwn(statements, request.owner);
  if (own) return sameImage(own, request);
  const imageId = await lockImage(statements, request);
  const other = await findCapturing(statements, imageId);
  // Two attempts of one run may both have waited for the lock: the first one's reservation is then seen only now.
  if (other?.owner === request.owner) return sameImage(other, request);
  if (other) throw beingCaptured(request.image, other);
  return await insertRevision(statements, imageId, request);
}

/** See `Revisions.abandon`. */
export async function abandonReservation(statements: Statements, owner: string): Promise<void> {
  const locked = await statements.rows(
    `SELECT id FROM images WHERE id = (SELECT image_id FROM revisions WHERE owner = $1 AND state = 'capturing') FOR UPDATE`,
    [owner],
  );
  const image = parseFirst(z.object({ id: integer }), locked);
  if (!image) return;
  await statements.rows(`DELETE FROM revisions WHERE owner = $1 AND state = 'capturing'`, [owner]);
  await statements.rows(
    'DELETE FROM images WHERE id = $1 AND made_by = $2 AND NOT EXISTS (SELECT FROM revisions WHERE image_id = $1)',
    [image.id, owner],
  );
}

async function findOwn(statements: Statements, owner: string): Promise<Revision | undefined> {
  return parseFirst(revisionRow, await statements.rows(`${selectRevisions} WHERE r.owner = $1`, [owner]));
}

function sameImage(own: Revision, request: ReservationRequest): Revision {
  if (own.image === request.image && own.operatingSystem === request.operatingSystem) return own;
  throw new ConflictError(
    `run ${request.owner} has reserved revision ${String(own.revision)} of ${own.image} (${own.operatingSystem}) already`,
  );
}

/** Makes the image or finds it, and locks it until the transaction ends: its revisions are numbered one after the other. */
async function lockImage(statements: Statements, request: ReservationRequest): Promise<number> {
  await requireOperatingSystem(statements, request.operatingSystem);
  const rows = await statements.rows(
    `INSERT INTO images (name, operating_system, made_by) VALUES ($1, $2, $3)
     ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id, operating_system AS "operatingSystem"`,
    [request.image, request.operatingSystem, request.owner],
  );
  const image = z.object({ id: integer, operatingSystem: z.string() }).parse(rows[0]);
  if (image.operatingSystem === request.operatingSystem) return image.id;
  throw new ConflictError(
    `image ${request.image} holds ${image.operatingSystem}; a revision with ${request.operatingSystem} needs another name`,
    { evidence: { operatingSystem: image.operatingSystem } },
  );
}

async function requireOperatingSystem(statements: Statements, name: string): Promise<void> {
  const rows = await statements.rows('SELECT FROM operating_systems WHERE name = $1', [name]);
  if (rows.length === 0) throw new NotFoundError(`no operating system ${JSON.stringify(name)} in the catalog`);
}

async function findCapturing(statements: Statements, imageId: number): Promise<Revision | undefined> {
  const sql = `${selectRevisions} WHERE r.image_id = $1 AND r.state = 'capturing'`;
  return parseFirst(revisionRow, await statements.rows(sql, [imageId]));
}

function beingCaptured(image: string, { revision, owner }: Revision): ConflictError {
  return new ConflictError(`revision ${String(revision)} of image ${image} is being captured by run ${String(owner)}`, {
    evidence: { owner, revision },
  });
}

async function insertRevision(
  statements: Statements,
  imageId: number,
  { owner, comment, author, capturedFrom, as }: ReservationRequest,
): Promise<Revision> {
  if (as !== undefined) {
    await statements.rows(
      `INSERT INTO revisions (id, image_id, number, owner, comment, author, captured_from) OVERRIDING SYSTEM VALUE
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
      [as.id, imageId, as.revision, owner, comment, author, capturedFrom],
    );
    const same = await findOwn(statements, owner);
    if (same !== undefined) return same;
  }
  await statements.rows(
    `INSERT INTO revisions (image_id, number, owner, comment, author, captured_from)
     SELECT $1::bigint, coalesce(max(number), 0) + 1, $2::text, $3::text, $4::text, $5::text FROM revisions WHERE image_id = $1`,
    [imageId, owner, comment, author, capturedFrom],
  );
  return revisionRowOf(await findOwn(statements, owner), owner);
}

function revisionRowOf(revision: Revision | undefined, owner: string): Revision {
  if (!revision) throw new ConflictError(`the reservation of run ${owner} is gone`);
  return revision;
}
