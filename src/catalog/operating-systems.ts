import { z } from 'zod';
import { ConflictError, NotFoundError } from '../domain/errors.ts';
import type { OperatingSystemRow, OperatingSystems } from './catalog.ts';
import type { Database } from './database.ts';
import { ensureProvisioningSystem } from './management-nodes.ts';
import { parseFirst, parseRows } from './rows.ts';

const operatingSystem: z.ZodType<OperatingSystemRow> = z.object({
  name: z.string(),
  module: z.string().exactOptional(),
  installType: z.string(),
});

const columns = 'name, module, install_type AS "installType"';

export function createOperatingSystems(database: Database): OperatingSystems {
  return {
    async register({ name, module, installType }) {
      await database.change(
        `register operating system ${name}`,
        `INSERT INTO operating_systems (name, module, install_type) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET module = excluded.module, install_type = excluded.install_type`,
        [name, module, installType],
      );
    },
    async add({ name, module, installType }) {
      const rows = await database.change(
        `add operating system ${name}`,
        `INSERT INTO operating_systems (name, module, install_type) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO NOTHING RETURNING name`,
        [name, module, installType],
      );
      if (rows.length === 0) throw new ConflictError(`an operating system ${JSON.stringify(name)} exists already`);
    },
    async get(name) {
      const sql = `SELECT ${columns} FROM operating_systems WHERE name = $1`;
      const found = parseFirst(operatingSystem, await database.read(`read operating system ${name}`, sql, [name]));
      if (!found) throw new NotFoundError(`no operating system ${JSON.stringify(name)} in the catalog`);
      return found;
    },
    async list() {
      const sql = `SELECT ${columns} FROM operating_systems ORDER BY name`;
      return parseRows(operatingSystem, await database.read('list the operating systems', sql));
    },
    async allowInstallType(system, installType) {
      await database.transaction(`let ${system} load ${installType}`, async (statements) => {
        await ensureProvisioningSystem(statements, system);
        await statements.rows('INSERT INTO system_install_types VALUES ($1, $2) ON CONFLICT DO NOTHING', [
          system,
          installType,
        ]);
      });
    },
    async isLoadable(system, os) {
      const rows = await database.read(
        `find out whether ${system} can load ${os}`,
        `SELECT FROM system_install_types t JOIN operating_systems o ON o.install_type = t.install_type
         WHERE t.provisioning_system = $1 AND o.name = $2`,
        [system, os],
      );
      return rows.length > 0;
    },
  };
}
