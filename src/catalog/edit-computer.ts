import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Computer, ComputerState } from '../domain/computer.ts';
import { ConflictError } from '../domain/errors.ts';
import type { ComputerChanges } from './catalog.ts';
import { lockComputer, ownedBy } from './computer-lock.ts';
import { requireComputer, selectComputers } from './computer-rows.ts';
import type { Statements } from './database.ts';
import { keptFor } from './kept-for.ts';
import { ensureProvisioningSystem, idOfManagementNode } from './management-nodes.ts';
import { writeReach } from './reach.ts';
import { parseFirst } from './rows.ts';

/** What is to change, and of which systems what they have loaded must be taken off before another takes the computer over. */
export interface ComputerEdit {
  readonly change: (computer: Computer) => ComputerChanges;
  readonly unloads: (system: string) => boolean;
}

/** See `Computers.edit`. */
export async function editComputer(
  statements: Statements,
  name: string,
  { change, unloads }: ComputerEdit,
): Promise<Computer> {
  const locked = await lockComputer(statements, name);
  const before = await readComputer(statements, name);
  const after = { ...before, ...change(before) };
  if (locked.claim && !onlyReach(after, before) && !(await isHeld(statements, locked.claim.owner)))
    throw ownedBy(locked, locked.claim.owner);
  if (isDeepStrictEqual(after, before)) return before;
  if (locked.claim && !sameDriver(after, before)) throw ownedBy(locked, locked.claim.owner);
  if (after.provisioningSystem !== before.provisioningSystem) {
    await refuseUnlessAtRest(statements, before, unloads);
    await forgetUnlessLoadable(statements, after);
  }
  await writeComputer(statements, after);
  return await readComputer(statements, name);
}

/** Who else reaches the computer changes nothing for the run that owns it, until that is moved: then it has to be said. */
function onlyReach({ alsoReachedBy: _after, ...after }: Computer, { alsoReachedBy: _before, ...before }: Computer) {
  return isDeepStrictEqual(after, before);
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

/** Any of these: whoever has looked at a machine that was laid up may hand it to another system. */
const atRest: readonly ComputerState[] = ['available', 'maintenance'];

/** What the old system made for the node (a domain, disks) would belong to nobody under another one. */
async function refuseUnlessAtRest(
  statements: Statements,
  { id, name, ...computer }: Computer,
  unloads: ComputerEdit['unloads'],
): Promise<void> {
  const change = `the provisioning system of ${name} changes only at rest`;
  if (!atRest.includes(computer.state)) {
    throw new ConflictError(`${change}: it is ${computer.state}`, { evidence: { state: computer.state } });
  }
  const run = await openRun(statements, name);
  if (run !== undefined) throw new ConflictError(`${change}: run ${run} goes on`, { evidence: { run } });
  if (computer.currentRevisionId !== undefined && unloads(computer.provisioningSystem)) {
    throw new ConflictError(`${change}: something is loaded on it; unload it first`);
  }
  const kept = await keptFor(statements, id);
  if (kept !== undefined) {
    throw new ConflictError(
      `${change}: its disk is the source of ${kept}; load that once first, so that it has been READY`,
    );
  }
}

/** A run that was asked for may not have claimed the node yet. A reading of its status claims nothing and disturbs nobody. */
async function openRun(statements: Statements, node: string): Promise<string | undefined> {
  const rows = await statements.rows(
    `SELECT id FROM runs WHERE node = $1 AND state = 'running' AND procedure <> 'checkNode' ORDER BY created LIMIT 1`,
    [node],
  );
  return parseFirst(z.object({ id: z.string() }), rows)?.id;
}

/** What the new system may not load it cannot say anything about: then nothing is known to be loaded. */
async function forgetUnlessLoadable(
  statements: Statements,
  { id, currentRevisionId, provisioningSystem }: Computer,
): Promise<void> {
  if (currentRevisionId === undefined) return;
  await statements.rows(
    `UPDATE computers SET current_revision_id = NULL WHERE id = $1 AND NOT EXISTS (
       SELECT FROM revisions r JOIN images i ON i.id = r.image_id JOIN operating_systems o ON o.name = i.operating_system
       JOIN system_install_types t ON t.install_type = o.install_type
       WHERE r.id = $2 AND t.provisioning_system = $3)`,
    [id, currentRevisionId, provisioningSystem],
  );
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
  await writeReach(statements, computer);
}
