import { z } from 'zod';
import { computerStates, computerTransitions, type ComputerState } from '../domain/computer.ts';
import { ConflictError, NotFoundError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { Statements } from './database.ts';
import { integer, parseFirst } from './rows.ts';

/** A computer's row while nobody else can change it or its claim, and the claim on it. */
export interface LockedComputer {
  readonly id: number;
  readonly name: string;
  readonly state: ComputerState;
  readonly lastEpoch: number;
  readonly claim?: { readonly owner: string; readonly epoch: number; readonly previousState: ComputerState };
}

const lockedRow = z.object({ id: integer, name: z.string(), state: z.enum(computerStates), lastEpoch: integer });
const claimRow = z.object({ owner: z.string(), epoch: integer, previousState: z.enum(computerStates) });

/**
 * Locks the computer until the transaction ends: everything that concerns its claim goes through here, one after the other.
 * Throws NotFoundError.
 */
export async function lockComputer(statements: Statements, name: string): Promise<LockedComputer> {
  const rows = await statements.rows(
    'SELECT id, name, state, last_epoch AS "lastEpoch" FROM computers WHERE name = $1 FOR UPDATE',
    [name],
  );
  const computer = parseFirst(lockedRow, rows);
  if (!computer) throw new NotFoundError(`no node ${JSON.stringify(name)} in the catalog`);
  // A statement of its own: what the one above waited for is visible only to the next.
  const claims = await statements.rows(
    'SELECT owner, epoch, previous_state AS "previousState" FROM claims WHERE computer_id = $1',
    [computer.id],
  );
  const claim = parseFirst(claimRow, claims);
  return { ...computer, ...(claim ? { claim } : {}) };
}

/** Locks the computer of a fence. ConflictError when its owner gave the computer up, or when another attempt took over. */
export async function lockFenced(statements: Statements, { node, owner, epoch }: Fence): Promise<LockedComputer> {
  const computer = await lockComputer(statements, node);
  if (computer.claim?.owner !== owner) throw new ConflictError(`run ${owner} no longer owns node ${node}`);
  if (computer.claim.epoch === epoch) return computer;
  throw superseded({ node, owner }, { epoch, current: computer.claim.epoch });
}

/** The error for an attempt after which another one took over. */
export function superseded(
  who: Pick<Fence, 'node' | 'owner'>,
  evidence: Readonly<Record<string, unknown>>,
): ConflictError {
  const message = `run ${who.owner} goes on elsewhere: this attempt at node ${who.node} was superseded`;
  return new ConflictError(message, { evidence });
}

/** Moves a locked computer to `state`. Where it is there already nothing happens; ConflictError when the table of transitions forbids it. */
export async function moveComputer(
  statements: Statements,
  computer: LockedComputer,
  state: ComputerState,
): Promise<void> {
  if (computer.state === state) return;
  if (!computerTransitions[computer.state].includes(state)) {
    throw new ConflictError(`node ${computer.name} is ${computer.state} and cannot become ${state}`, {
      evidence: { state: computer.state },
    });
  }
  await statements.rows('UPDATE computers SET state = $2 WHERE id = $1', [computer.id, state]);
}

/** Puts a locked computer back into the state in which it was claimed. */
export async function restoreComputer(
  statements: Statements,
  computer: LockedComputer,
  state: ComputerState,
): Promise<void> {
  await statements.rows('UPDATE computers SET state = $2 WHERE id = $1', [computer.id, state]);
}

/** The error that names who owns a computer. */
export function ownedBy(computer: LockedComputer, owner: string): ConflictError {
  return new ConflictError(`node ${computer.name} is owned by run ${owner}`, { evidence: { owner } });
}
