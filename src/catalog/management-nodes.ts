import { z } from 'zod';
import { ConflictError, NotFoundError } from '../domain/errors.ts';
import type { ManagementNode, ManagementNodes, ProvisioningSystemRow, ProvisioningSystems } from './catalog.ts';
import type { Database, Statements } from './database.ts';
import { integer, parseFirst, parseRows, timestamp } from './rows.ts';

const managementNode: z.ZodType<ManagementNode> = z.object({
  id: integer,
  name: z.string(),
  address: z.string(),
  libraryRoot: z.string(),
  lastCheckIn: timestamp.exactOptional(),
  secondsSinceCheckIn: integer.exactOptional(),
});

const columns = `id, name, address, library_root AS "libraryRoot", last_check_in AS "lastCheckIn",
  floor(extract(epoch FROM now() - last_check_in)) AS "secondsSinceCheckIn"`;

const provisioningSystem: z.ZodType<ProvisioningSystemRow> = z.object({
  name: z.string(),
  managementNodes: z.array(z.string()),
  priorities: z.array(integer),
  installTypes: z.array(z.string()),
});

export function createManagementNodes(database: Database): ManagementNodes {
  return {
    async register({ name, address, libraryRoot }) {
      const rows = await database.change(
        `register management node ${name}`,
        `INSERT INTO management_nodes (name, address, library_root) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET address = excluded.address, library_root = excluded.library_root
         RETURNING ${columns}`,
        [name, address, libraryRoot],
      );
      return required(name, parseFirst(managementNode, rows));
    },
    async add({ name, address, libraryRoot }) {
      const rows = await database.change(
        `add management node ${name}`,
        `INSERT INTO management_nodes (name, address, library_root) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO NOTHING RETURNING ${columns}`,
        [name, address, libraryRoot],
      );
      const added = parseFirst(managementNode, rows);
      if (added === undefined) throw new ConflictError(`a management node ${JSON.stringify(name)} exists already`);
      return added;
    },
    async get(name) {
      const rows = await database.read(
        `read management node ${name}`,
        `SELECT ${columns} FROM management_nodes WHERE name = $1`,
        [name],
      );
      return required(name, parseFirst(managementNode, rows));
    },
    async list() {
      const sql = `SELECT ${columns} FROM management_nodes ORDER BY name`;
      return parseRows(managementNode, await database.read('list the management nodes', sql));
    },
    async checkIn(name) {
      const rows = await database.change(
        `check in management node ${name}`,
        'UPDATE management_nodes SET last_check_in = now() WHERE name = $1 RETURNING id',
        [name],
      );
      required(name, rows[0]);
    },
  };
}

export function createProvisioningSystems(database: Database): ProvisioningSystems {
  return {
    async allow(managementNode, system, priority) {
      await database.transaction(`let ${managementNode} drive ${system}`, async (statements) => {
        const id = await idOfManagementNode(statements, managementNode);
        await ensureProvisioningSystem(statements, system);
        await statements.rows(
          `INSERT INTO management_node_systems AS s (management_node_id, provisioning_system, priority)
           VALUES ($1, $2, coalesce($3::integer, 100))
           ON CONFLICT (management_node_id, provisioning_system) DO UPDATE SET priority = coalesce($3::integer, s.priority)`,
          [id, system, priority],
        );
      });
    },
    async drivenBy(managementNode) {
      const rows = await database.read(
        `list what ${managementNode} drives`,
        `SELECT s.provisioning_system AS name FROM management_node_systems s
         JOIN management_nodes m ON m.id = s.management_node_id WHERE m.name = $1 ORDER BY 1`,
        [managementNode],
      );
      return parseRows(z.object({ name: z.string() }), rows).map((row) => row.name);
    },
    async list() {
      const rows = await database.read(
        'list the provisioning systems',
        `SELECT p.name,
           ARRAY(SELECT m.name FROM management_nodes m JOIN management_node_systems s ON s.management_node_id = m.id
             WHERE s.provisioning_system = p.name ORDER BY s.priority, m.name) AS "managementNodes",
           ARRAY(SELECT s.priority FROM management_nodes m JOIN management_node_systems s ON s.management_node_id = m.id
             WHERE s.provisioning_system = p.name ORDER BY s.priority, m.name) AS "priorities",
           ARRAY(SELECT t.install_type FROM system_install_types t WHERE t.provisioning_system = p.name ORDER BY 1) AS "installTypes"
         FROM provisioning_systems p ORDER BY p.name`,
      );
      return parseRows(provisioningSystem, rows);
    },
  };
}

/** Throws NotFoundError when there is none of this name. */
export async function idOfManagementNode(statements: Statements, name: string): Promise<number> {
  const rows = await statements.rows('SELECT id FROM management_nodes WHERE name = $1', [name]);
  return required(name, parseFirst(z.object({ id: integer }), rows)).id;
}

export async function ensureProvisioningSystem(statements: Statements, name: string): Promise<void> {
  await statements.rows('INSERT INTO provisioning_systems VALUES ($1) ON CONFLICT DO NOTHING', [name]);
}

function required<T>(name: string, found: T | undefined): T {
  if (found === undefined) throw new NotFoundError(`no management node ${JSON.stringify(name)} in the catalog`);
  return found;
}
