import { z } from 'zod';
import type { DriverCandidate } from '../domain/driver-choice.ts';
import type { Database } from './database.ts';
import { integer, parseRows } from './rows.ts';

/** Which management nodes can drive which computer. */
export interface Drivers {
  /**
   * The computer's own management node, then the others that reach it and can drive its system, those with the smallest priority first. Empty for
   * an unknown computer.
   */
  of(node: string): Promise<readonly DriverCandidate[]>;
}

const candidate: z.ZodType<DriverCandidate> = z.object({
  managementNode: z.string(),
  secondsSinceCheckIn: integer.exactOptional(),
});

/** What its own management node drives is not asked: it is the administrator's word, and older than the list of systems. */
const selectDrivers = `SELECT m.name AS "managementNode",
    floor(extract(epoch FROM now() - m.last_check_in)) AS "secondsSinceCheckIn"
  FROM computers c
  JOIN management_nodes m ON m.id = c.management_node_id
    OR m.id IN (SELECT o.management_node_id FROM computer_management_nodes o WHERE o.computer_id = c.id)
  LEFT JOIN management_node_systems s ON s.management_node_id = m.id AND s.provisioning_system = c.provisioning_system
  WHERE c.name = $1 AND (m.id = c.management_node_id OR s.priority IS NOT NULL)
  ORDER BY m.id <> c.management_node_id, s.priority, m.name`;

export function createDrivers(database: Database): Drivers {
  return {
    async of(node) {
      return parseRows(candidate, await database.read(`list who can drive ${node}`, selectDrivers, [node]));
    },
  };
}
