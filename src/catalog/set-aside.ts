import { z } from 'zod';
import type { SetAside } from './catalog.ts';
import { lockComputer } from './computer-lock.ts';
import type { Database } from './database.ts';
import { parseRows } from './rows.ts';

export function createSetAside(database: Database): SetAside {
  return {
    async record(node, revisionId) {
      await database.transaction(`record the disk of ${node} as set aside`, async (statements) => {
        const { id } = await lockComputer(statements, node);
        await statements.rows(
          'INSERT INTO set_aside (computer_id, revision_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
          [id, revisionId],
        );
      });
    },
    async isKept(node) {
      const rows = await database.read(
        `find out whether the disk of ${node} must be kept`,
        `SELECT FROM set_aside s JOIN computers c ON c.id = s.computer_id JOIN revisions r ON r.id = s.revision_id
         WHERE c.name = $1 AND r.first_ready_at IS NULL`,
        [node],
      );
      return rows.length > 0;
    },
    async releasable(revisionId) {
      const rows = await database.read(
        `list the disks set aside for revision ${String(revisionId)}`,
        `SELECT c.name FROM set_aside s JOIN computers c ON c.id = s.computer_id JOIN revisions r ON r.id = s.revision_id
         WHERE r.id = $1 AND r.first_ready_at IS NOT NULL ORDER BY c.name`,
        [revisionId],
      );
      return parseRows(z.object({ name: z.string() }), rows).map((row) => row.name);
    },
    async remove(node, revisionId) {
      await database.change(
        `forget the disk of ${node} set aside`,
        'DELETE FROM set_aside WHERE revision_id = $2 AND computer_id = (SELECT id FROM computers WHERE name = $1)',
        [node, revisionId],
      );
    },
  };
}
