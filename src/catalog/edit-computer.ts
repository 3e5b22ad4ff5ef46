import { isDeepStrictEqual } from 'node:util';
import type { Computer } from '../domain/computer.ts';
import { ConflictError } from '../domain/errors.ts';
import type { ComputerChanges } from './catalog.ts';
import { lockComputer, ownedBy } from './computer-lock.ts';
import { requireComputer, selectComputers } from './computer-rows.ts';
import type { Statements } from './database.ts';
import { keptFor } from './kept-for.ts';
import { ensureProvisioningSystem, idOfManagementNode } from './management-nodes.ts';

/** See `Computers.edit`. */
export async function editComputer(
  statements: Statements,
  name: string,
  change: (computer: Computer) => ComputerChanges,
): Promise<Computer> {
  const locked = await lockComputer(statements, name);
  if (locked.claim && !(await isHeld(statements, locked.claim.owner))) throw ownedBy(locked, locked.claim.owner);
  const before = await readComputer(statements, name);
  const after = { ...before, ...change(before) };
  if (isDeepStrictEqual(after, before)) return before;
  if (locked.claim && !sameDriver(after, before)) throw ownedBy(locked, locked.claim.owner);
  if (after.provisioningSystem !== before.provisioningSystem) await refuseUnlessAtRest(statements, before);
  await writeComputer(statements, after);
  return await readComputer(statements, name);
}

/** A run that waits for an operator reads the settings afresh when it goes on; who drives the node stays as it is. */
async function isHeld(statements: Statements, run: string): Promise<boolean> {
  const open = await statements.rows(
    `SELECT FROM run_holds h JOIN runs r ON r.id = h.run_id WHERE r.id = $1 AND r.state = 'running' AND h.answer IS NULL`,
    [run],
  );
  return open.length > 0;
}

function sameDriver(a: Computer, b: Computer): boolean {
  return a.managementNode === b.managementNode && a.provisioningSystem === b.provisioningSystem;
}

async function readComputer(statements: Statements, name: string): Promise<Computer> {
  return requireComputer(name, await statements.rows(`${selectComputers} WHERE c.name = $1`, [name]));
}

/** What the old system made for the node (a domain, disks) would belong to nobody under another one. */
async function refuseUnlessAtRest(statements: Statements, { id, name, ...computer }: Computer): Promise<void> {
  const change = `the provisioning system of ${name} changes only at rest`;
  if (computer.state !== 'available') {
    throw new ConflictError(`${change}: it is ${computer.state}`, { evidence: { state: computer.state } });
  }
  if (computer.currentRevisionId !== undefined) {
    throw new ConflictError(`${change}: something is loaded on it; unload it first`);
  }
  const kept = await keptFor(statements, id);
  if (kept !== undefined) {
    throw new ConflictError(
      `${change}: its disk is the source of ${kept}; load that once first, so that it has been READY`,
    );
  }
}

async function writeComputer(statements: Statements, computer: Computer): Promise<void> {
  const managementNode = await idOfManagementNode(statements, computer.managementNode);
  await ensureProvisioningSystem(statements, computer.provisioningSystem);
  await statements.rows(
    `UPDATE computers SET management_node_id = $2, provisioning_system = $3, address = $4, ssh_port = $5, mac_addresses = $6,
     memory_mib = $7, cpus = $8, settings = $9::jsonb, host_keys = $10 WHERE id = $1`,
    [
      computer.id,
      managementNode,
      computer.provisioningSystem,
      computer.address,
      computer.sshPort,
      computer.macAddresses,
      computer.memoryMiB,
      computer.cpus,
      JSON.stringify(computer.settings),
      computer.hostKeys,
    ],
  );
}
