import { z } from 'zod';
import { computerStates, type Computer } from '../domain/computer.ts';
import { ConflictError, NotFoundError } from '../domain/errors.ts';
import type { Computers, NewComputer } from './catalog.ts';
import { lockComputer, lockFenced, moveComputer, ownedBy } from './computer-lock.ts';
import type { Database, Statements } from './database.ts';
import { ensureProvisioningSystem, idOfManagementNode } from './management-nodes.ts';
import { rememberReplaced } from './revision-uses.ts';
import { integer, parseFirst, parseRows } from './rows.ts';

const computer: z.ZodType<Computer> = z.object({
  id: integer,
  name: z.string(),
  managementNode: z.string(),
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

const select = `SELECT c.id, c.name, m.name AS "managementNode", c.provisioning_system AS "provisioningSystem", c.address,
  c.ssh_port AS "sshPort", c.mac_addresses AS "macAddresses", c.memory_mib AS "memoryMiB", c.cpus, c.settings, c.state,
  c.current_revision_id AS "currentRevisionId", c.host_keys AS "hostKeys"
  FROM computers c JOIN management_nodes m ON m.id = c.management_node_id`;

export function createComputers(database: Database): Computers {
  return {
    async add(facts) {
      return await database.transaction(`add node ${facts.name}`, async (statements) => {
        await insertComputer(statements, facts);
        return required(facts.name, await statements.rows(`${select} WHERE c.name = $1`, [facts.name]));
      });
    },
    async get(name) {
      return required(name, await database.read(`read node ${name}`, `${select} WHERE c.name = $1`, [name]));
    },
    async list() {
      return parseRows(computer, await database.read('list the nodes', `${select} ORDER BY c.name`));
    },
    async recordLoaded(fence, revisionId) {
      await database.transaction(`record what is loaded on ${fence.node}`, async (statements) => {
        const locked = await lockFenced(statements, fence);
        if (revisionId !== undefined) await rememberReplaced(statements, locked.id, revisionId);
        await statements.rows('UPDATE computers SET current_revision_id = $2 WHERE id = $1', [locked.id, revisionId]);
      });
    },
    async recordHostKeys(fence, hostKeys) {
      await database.transaction(`record the host keys of ${fence.node}`, async (statements) => {
        const locked = await lockFenced(statements, fence);
        await statements.rows('UPDATE computers SET host_keys = $2 WHERE id = $1', [locked.id, hostKeys]);
      });
    },
    async changeState(name, from, to) {
      await database.transaction(`change the state of ${name}`, async (statements) => {
        const locked = await lockComputer(statements, name);
        if (locked.claim) throw ownedBy(locked, locked.claim.owner);
        if (!from.includes(locked.state)) {
          throw new ConflictError(`node ${name} is ${locked.state}, not ${from.join(' or ')}`, {
            evidence: { state: locked.state },
          });
        }
        await moveComputer(statements, locked, to);
      });
    },
  };
}

async function insertComputer(statements: Statements, facts: NewComputer): Promise<void> {
  const managementNode = await idOfManagementNode(statements, facts.managementNode);
  await ensureProvisioningSystem(statements, facts.provisioningSystem);
  const inserted = await statements.rows(
    `INSERT INTO computers (name, management_node_id, provisioning_system, address, ssh_port, mac_addresses, memory_mib, cpus, settings, host_keys)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10) ON CONFLICT (name) DO NOTHING RETURNING id`,
    [
      facts.name,
      managementNode,
      facts.provisioningSystem,
      facts.address,
      facts.sshPort,
      facts.macAddresses,
      facts.memoryMiB,
      facts.cpus,
      JSON.stringify(facts.settings),
      facts.hostKeys,
    ],
  );
  if (inserted.length === 0) throw new ConflictError(`a node ${JSON.stringify(facts.name)} exists already`);
}

function required(name: string, rows: readonly unknown[]): Computer {
  const found = parseFirst(computer, rows);
  if (!found) throw new NotFoundError(`no node ${JSON.stringify(name)} in the catalog`);
  return found;
}
