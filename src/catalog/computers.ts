import { ConflictError } from '../domain/errors.ts';
import type { Computers, NewComputer } from './catalog.ts';
import { computerRow, requireComputer, selectComputers } from './computer-rows.ts';
import { lockComputer, lockFenced, moveComputer, ownedBy } from './computer-lock.ts';
import type { Database, Statements } from './database.ts';
import { editComputer } from './edit-computer.ts';
import { writeReach } from './reach.ts';
import { ensureProvisioningSystem, idOfManagementNode } from './management-nodes.ts';
import { recallEpoch, removeComputer } from './remove-computer.ts';
import { rememberReplaced } from './revision-uses.ts';
import { parseRows } from './rows.ts';

export function createComputers(database: Database): Computers {
  return {
    async add(facts) {
      return await database.transaction(`add node ${facts.name}`, async (statements) => {
        await insertComputer(statements, facts);
        return requireComputer(facts.name, await statements.rows(`${selectComputers} WHERE c.name = $1`, [facts.name]));
      });
    },
    edit: (name, change, unloads = () => true) =>
      database.transaction(`edit node ${name}`, (statements) => editComputer(statements, name, { change, unloads })),
    remove: (name) => database.transaction(`remove node ${name}`, (statements) => removeComputer(statements, name)),
    async get(name) {
      return requireComputer(
        name,
        await database.read(`read node ${name}`, `${selectComputers} WHERE c.name = $1`, [name]),
      );
    },
    async list() {
      return parseRows(computerRow, await database.read('list the nodes', `${selectComputers} ORDER BY c.name`));
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
        await statements.rows('UPDATE computers SET host_keys = $2 WHERE id = $1', [
          locked.id,
          hostKeys.length === 0 ? null : hostKeys,
        ]);
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
  // A statement of its own: the one above waits for a removal that is under way, and what that left is visible only to the next.
  await recallEpoch(statements, facts.name);
  await writeReach(statements, facts);
}
