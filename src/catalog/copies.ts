import { NotFoundError } from '../domain/errors.ts';
import type { Copies } from './catalog.ts';
import type { Database } from './database.ts';
import { copyRow, selectCopies } from './revision-rows.ts';
import { parseFirst, parseRows } from './rows.ts';

export function createCopies(database: Database): Copies {
  return {
    async find(revisionId, library) {
      const what = `look up the copy of revision ${String(revisionId)} in library ${library}`;
      const sql = `${selectCopies} WHERE revision_id = $1 AND library = $2`;
      return parseFirst(copyRow, await database.read(what, sql, [revisionId, library]));
    },
    async list(revisionId) {
      const sql = `${selectCopies} WHERE revision_id = $1 ORDER BY library`;
      return parseRows(
        copyRow,
        await database.read(`list the copies of revision ${String(revisionId)}`, sql, [revisionId]),
      );
    },
    async recordVerified(revisionId, library, verified) {
      const copy = `the copy of revision ${String(revisionId)} in library ${library}`;
      const rows = await database.change(
        `record the check of ${copy}`,
        `UPDATE revision_copies SET verified_at = $3, verified_files = $4::jsonb
         WHERE revision_id = $1 AND library = $2 RETURNING library`,
        [revisionId, library, verified.at, JSON.stringify(verified.files)],
      );
      if (rows.length === 0) throw new NotFoundError(`${copy} is not in the catalog`);
    },
  };
}
