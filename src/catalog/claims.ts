import { z } from 'zod';
import { computerStates, type ComputerState } from '../domain/computer.ts';
import { ConflictError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { Claim, Claimant, Claims } from './catalog.ts';
import { attemptsOf, parseAttempt, standingOf } from './claimants.ts';
import {
  lockComputer,
  moveComputer,
  ownedBy,
  restoreComputer,
  superseded,
  type LockedComputer,
} from './computer-lock.ts';
import type { Database, Statements } from './database.ts';
import { idOfManagementNode } from './management-nodes.ts';
import { refuseReserved } from './node-reservations.ts';
import { integer, parseFirst, parseRows, timestamp } from './rows.ts';

const claimRow: z.ZodType<Claim> = z.object({
  node: z.string(),
  owner: z.string(),
  epoch: integer,
  since: timestamp,
  previousState: z.enum(computerStates),
  managementNode: z.string(),
});

const selectClaims = `SELECT c.name AS node, k.owner, k.epoch, k.since, k.previous_state AS "previousState", m.name AS "managementNode"
  FROM claims k JOIN computers c ON c.id = k.computer_id
  JOIN management_nodes m ON m.id = coalesce(k.management_node_id, c.management_node_id)`;

/** What takes the system on a node away from whoever uses it. */
const replacing: readonly (ComputerState | 'unchanged')[] = ['capturing', 'loading'];

export function createClaims(database: Database): Claims {
  return {
    async acquire(claimant, state, managementNode) {
      return await database.transaction(`claim node ${claimant.node}`, async (statements) => {
        const computer = await lockComputer(statements, claimant.node);
        if (computer.claim && computer.claim.owner !== claimant.owner) throw ownedBy(computer, computer.claim.owner);
        await refuseReleased(statements, computer, claimant);
        if (replacing.includes(state)) await refuseReserved(statements, computer);
        const fence = computer.claim
          ? await prove(statements, computer, claimant)
          : await insertClaim(statements, computer, claimant);
        if (managementNode !== undefined) await recordDriver(statements, computer, managementNode);
        if (state !== 'unchanged') await moveComputer(statements, computer, state);
        return fence;
      });
    },
    async fence(claimant) {
      return await database.transaction(`prove the claim on node ${claimant.node}`, async (statements) => {
        const computer = await lockComputer(statements, claimant.node);
        return await proveOwner(statements, computer, claimant);
      });
    },
    move: (claimant, managementNode) =>
      database.transaction(`let ${managementNode} drive ${claimant.node}`, (statements) =>
        moveClaim(statements, claimant, managementNode),
      ),
    async release(claimant, state) {
      await database.transaction(`give node ${claimant.node} back`, async (statements) => {
        const computer = await lockComputer(statements, claimant.node);
        await rememberRelease(statements, computer, claimant);
        if (computer.claim?.owner !== claimant.owner) return;
        if (standingOf(claimant, await attemptsOf(statements, computer.id)) === 'superseded') return;
        await statements.rows('DELETE FROM claims WHERE computer_id = $1', [computer.id]);
        const previous = computer.claim.previousState;
        // The table of transitions is about what runs do with a node; giving it back as it was is always allowed.
        if (state === 'previous') await restoreComputer(statements, computer, previous);
        else await moveComputer(statements, computer, state);
      });
    },
    transfer: (from, to, left) =>
      database.transaction(`take node ${from.node} over`, (statements) =>
        transferClaim(statements, { from, to, left }),
      ),
    async find(node) {
      const rows = await database.read(`look up the owner of node ${node}`, `${selectClaims} WHERE c.name = $1`, [
        node,
      ]);
      return parseFirst(claimRow, rows);
    },
    list: async () =>
      parseRows(claimRow, await database.read('list the owners of nodes', `${selectClaims} ORDER BY c.name`)),
  };
}

async function proveOwner(statements: Statements, computer: LockedComputer, claimant: Claimant): Promise<Fence> {
  if (computer.claim?.owner === claimant.owner) return await prove(statements, computer, claimant);
  throw new ConflictError(`run ${claimant.owner} no longer owns node ${claimant.node}`, {
    evidence: { disowned: true, ...(computer.claim ? { owner: computer.claim.owner } : {}) },
  });
}

async function moveClaim(statements: Statements, claimant: Claimant, managementNode: string): Promise<Fence> {
  const computer = await lockComputer(statements, claimant.node);
  const fence = await proveOwner(statements, computer, claimant);
  const id = await idOfManagementNode(statements, managementNode);
  await statements.rows('UPDATE claims SET management_node_id = $2 WHERE computer_id = $1', [computer.id, id]);
  return fence;
}

interface Transfer {
  readonly from: Claimant;
  readonly to: Claimant;
  readonly left: ComputerState | 'previous';
}

async function transferClaim(statements: Statements, { from, to, left }: Transfer): Promise<Fence> {
  const computer = await lockComputer(statements, from.node);
  if (computer.claim?.owner !== from.owner) {
    throw new ConflictError(`run ${from.owner} no longer owns node ${from.node}`, {
      evidence: computer.claim ? { owner: computer.claim.owner } : {},
    });
  }
  if (standingOf(from, await attemptsOf(statements, computer.id)) !== 'holder') {
    throw new ConflictError(`node ${from.node} is being taken over by another run`);
  }
  await refuseReleased(statements, computer, to);
  await statements.rows('DELETE FROM claims WHERE computer_id = $1', [computer.id]);
  const state = left === 'previous' ? computer.claim.previousState : left;
  await restoreComputer(statements, computer, state);
  return await insertClaim(statements, { ...computer, state }, to);
}

/** The fence of a claimant whose run owns the computer: the same again for the holder, a higher one for who takes over. */
async function prove(statements: Statements, computer: LockedComputer, claimant: Claimant): Promise<Fence> {
  const standing = standingOf(claimant, await attemptsOf(statements, computer.id));
  if (standing === 'superseded') {
    throw superseded(claimant, { execution: claimant.execution, attempt: claimant.attempt });
  }
  if (standing === 'holder') return fenceOf(claimant, computer.lastEpoch);
  const epoch = await nextEpoch(statements, computer);
  await statements.rows('UPDATE claims SET epoch = $2 WHERE computer_id = $1', [computer.id, epoch]);
  await rememberAttempt(statements, computer, claimant, epoch);
  return fenceOf(claimant, epoch);
}

async function insertClaim(statements: Statements, computer: LockedComputer, claimant: Claimant): Promise<Fence> {
  const epoch = await nextEpoch(statements, computer);
  await statements.rows('INSERT INTO claims (computer_id, owner, epoch, previous_state) VALUES ($1, $2, $3, $4)', [
    computer.id,
    claimant.owner,
    epoch,
    computer.state,
  ]);
  await rememberAttempt(statements, computer, claimant, epoch);
  return fenceOf(claimant, epoch);
}

/** A claim that is taken again keeps its driver: what the run has begun lies there. */
async function recordDriver(statements: Statements, computer: LockedComputer, managementNode: string): Promise<void> {
  const id = await idOfManagementNode(statements, managementNode);
  await statements.rows(
    'UPDATE claims SET management_node_id = coalesce(management_node_id, $2) WHERE computer_id = $1',
    [computer.id, id],
  );
}

/** Epochs of a computer never come again, whoever owns it, so a directory that keeps the highest one refuses every earlier owner. */
async function nextEpoch(statements: Statements, computer: LockedComputer): Promise<number> {
  const epoch = computer.lastEpoch + 1;
  await statements.rows('UPDATE computers SET last_epoch = $2 WHERE id = $1', [computer.id, epoch]);
  return epoch;
}

async function rememberAttempt(
  statements: Statements,
  computer: LockedComputer,
  claimant: Claimant,
  epoch: number,
): Promise<void> {
  const { activity, attempt } = parseAttempt(claimant.attempt);
  await statements.rows(
    'INSERT INTO claim_attempts (computer_id, execution, activity, attempt, epoch) VALUES ($1, $2, $3, $4, $5)',
    [computer.id, claimant.execution, activity, attempt, epoch],
  );
}

/** An execution that gave the computer up does not get it again: its call was on its way since before, and nobody waits for the answer. */
async function refuseReleased(statements: Statements, computer: LockedComputer, claimant: Claimant): Promise<void> {
  const released = await statements.rows(
    'SELECT FROM claim_releases WHERE computer_id = $1 AND owner = $2 AND execution = $3',
    [computer.id, claimant.owner, claimant.execution],
  );
  if (released.length > 0) {
    throw new ConflictError(`run ${claimant.owner} gave node ${claimant.node} back already`, {
      evidence: { disowned: true, execution: claimant.execution },
    });
  }
}

/** Also where nothing was claimed: the undo of a claim may come before the claim. A month is far beyond any call's way. */
async function rememberRelease(statements: Statements, computer: LockedComputer, claimant: Claimant): Promise<void> {
  await statements.rows(
    'INSERT INTO claim_releases (computer_id, owner, execution) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [computer.id, claimant.owner, claimant.execution],
  );
  await statements.rows("DELETE FROM claim_releases WHERE computer_id = $1 AND released < now() - interval '30 days'", [
    computer.id,
  ]);
}

function fenceOf(claimant: Claimant, epoch: number): Fence {
  return { node: claimant.node, owner: claimant.owner, epoch };
}
