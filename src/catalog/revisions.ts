import { NotFoundError } from '../domain/errors.ts';
import type { Revision } from '../domain/image.ts';
import type { Revisions } from './catalog.ts';
import type { Database } from './database.ts';
import { publishRevision } from './publish-revision.ts';
import { abandonReservation, reserveRevision } from './reserve-revision.ts';
import { resolveRevision } from './resolve-revision.ts';
import { imageRow, revisionRow, selectImages, selectRevisions } from './revision-rows.ts';
import { parseFirst, parseRows } from './rows.ts';

export function createRevisions(database: Database): Revisions {
  return {
    ...createReading(database),
    reserve: (request) =>
      database.transaction(`reserve a revision of ${request.image}`, (statements) =>
        reserveRevision(statements, request),
      ),
    abandon: (owner) =>
      database.transaction(`abandon the revision of run ${owner}`, (statements) =>
        abandonReservation(statements, owner),
      ),
    publish: (owner, revisionId, manifest, copy) =>
      database.transaction(`publish revision ${String(revisionId)}`, (statements) =>
        publishRevision(statements, owner, { revisionId, manifest, copy }),
      ),
    async recordReady(revisionId) {
      const what = `record that revision ${String(revisionId)} was READY`;
      const rows = await database.change(
        what,
        'UPDATE revisions SET first_ready_at = now() WHERE id = $1 AND first_ready_at IS NULL RETURNING id',
        [revisionId],
      );
      if (rows.length === 0) await requireRevision(database, revisionId);
      return rows.length > 0;
    },
  };
}

function createReading(
  database: Database,
): Pick<Revisions, 'listImages' | 'findImage' | 'list' | 'get' | 'resolve' | 'findByOwner'> {
  return {
    async listImages() {
      return parseRows(imageRow, await database.read('list the images', `${selectImages} ORDER BY name`));
    },
    async findImage(name) {
      return parseFirst(
        imageRow,
        await database.read(`look up image ${name}`, `${selectImages} WHERE name = $1`, [name]),
      );
    },
    async list(image) {
      const sql = `${selectRevisions} WHERE i.name = $1 ORDER BY r.number DESC`;
      return parseRows(revisionRow, await database.read(`list the revisions of ${image}`, sql, [image]));
    },
    get: (id) => requireRevision(database, id),
    resolve: (reference) => resolveRevision(database, reference),
    async findByOwner(owner) {
      const sql = `${selectRevisions} WHERE r.owner = $1`;
      return parseFirst(revisionRow, await database.read(`look up the revision of run ${owner}`, sql, [owner]));
    },
  };
}

async function requireRevision(database: Database, id: number): Promise<Revision> {
  const sql = `${selectRevisions} WHERE r.id = $1`;
  const found = parseFirst(revisionRow, await database.read(`read revision ${String(id)}`, sql, [id]));
  if (!found) throw new NotFoundError(`no revision with id ${String(id)} in the catalog`);
  return found;
}
