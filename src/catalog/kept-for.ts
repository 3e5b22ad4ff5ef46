import { z } from 'zod';
import { revisionName } from '../domain/names.ts';
import type { Statements } from './database.ts';
import { integer, parseFirst } from './rows.ts';

const source = z.object({ image: z.string(), number: integer });

/** Name of a revision that was captured from this computer and has not been READY on any: what lies on its disk proves that revision. */
export async function keptFor(statements: Statements, computerId: number): Promise<string | undefined> {
  const rows = await statements.rows(
    `SELECT i.name AS image, r.number FROM set_aside s JOIN revisions r ON r.id = s.revision_id JOIN images i ON i.id = r.image_id
     WHERE s.computer_id = $1 AND r.first_ready_at IS NULL ORDER BY r.id LIMIT 1`,
    [computerId],
  );
  const found = parseFirst(source, rows);
  return found && revisionName(found.image, found.number);
}
