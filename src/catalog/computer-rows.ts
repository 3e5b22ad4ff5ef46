import { z } from 'zod';
import { computerStates, type Computer } from '../domain/computer.ts';
import { NotFoundError } from '../domain/errors.ts';
import { integer, parseFirst } from './rows.ts';

export const computerRow: z.ZodType<Computer> = z.object({
  id: integer,
  name: z.string(),
  managementNode: z.string(),
  alsoReachedBy: z.array(z.string()).exactOptional(),
  provisioningSystem: z.string(),
  address: z.string(),
  sshPort: integer,
  macAddresses: z.array(z.string()),
  memoryMiB: integer,
  cpus: integer,
  settings: z.record(z.string(), z.unknown()),
  state: z.enum(computerStates),
  currentRevisionId: integer.exactOptional(),
  hostKeys: z.array(z.string()).exactOptional(),
});

export const selectComputers = `SELECT c.id, c.name, m.name AS "managementNode", c.provisioning_system AS "provisioningSystem", c.address,
  c.ssh_port AS "sshPort", c.mac_addresses AS "macAddresses", c.memory_mib AS "memoryMiB", c.cpus, c.settings, c.state,
  c.current_revision_id AS "currentRevisionId", c.host_keys AS "hostKeys",
  (SELECT array_agg(o.name ORDER BY o.name) FROM computer_management_nodes cm JOIN management_nodes o ON o.id = cm.management_node_id
    WHERE cm.computer_id = c.id) AS "alsoReachedBy"
  FROM computers c JOIN management_nodes m ON m.id = c.management_node_id`;

/** The first row; NotFoundError that names the computer when there is none. */
export function requireComputer(name: string, rows: readonly unknown[]): Computer {
  const found = parseFirst(computerRow, rows);
  if (!found) throw new NotFoundError(`no node ${JSON.stringify(name)} in the catalog`);
  return found;
}
