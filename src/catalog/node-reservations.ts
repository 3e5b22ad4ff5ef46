import { z } from 'zod';
import { ConflictError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import { describeReservation, type NodeReservation } from '../domain/node-reservation.ts';
import { lockFenced, type LockedComputer } from './computer-lock.ts';
import type { Database, Statements } from './database.ts';
import { parseFirst, timestamp } from './rows.ts';

/** For whom nodes are in use. */
export interface NodeReservations {
  find(node: string): Promise<NodeReservation | undefined>;
  /** Makes the reservation of the fence's node what is given; undefined: there is none. Conditional on ownership, as `Computers.recordLoaded` is. */
  record(fence: Fence, reservation: NodeReservation | undefined): Promise<void>;
}

const reservationRow: z.ZodType<NodeReservation> = z.object({
  run: z.string(),
  user: z.string(),
  from: z.string(),
  by: z.string(),
  until: timestamp.exactOptional(),
});

const selectReservations = `SELECT n.run, n.user_name AS "user", n.source AS "from", n.reserved_by AS "by", n.ends AS "until"
  FROM node_reservations n JOIN computers c ON c.id = n.computer_id`;

export function createNodeReservations(database: Database): NodeReservations {
  return {
    async find(node) {
      const what = `look up for whom ${node} is reserved`;
      return parseFirst(reservationRow, await database.read(what, `${selectReservations} WHERE c.name = $1`, [node]));
    },
    record: (fence, reservation) =>
      database.transaction(`record for whom ${fence.node} is reserved`, async (statements) => {
        const { id } = await lockFenced(statements, fence);
        await statements.rows('DELETE FROM node_reservations WHERE computer_id = $1', [id]);
        if (reservation !== undefined) await insertReservation(statements, id, reservation);
      }),
  };
}

async function insertReservation(
  statements: Statements,
  computer: number,
  { run, user, from, by, until }: NodeReservation,
): Promise<void> {
  await statements.rows(
    'INSERT INTO node_reservations (computer_id, run, user_name, source, reserved_by, ends) VALUES ($1, $2, $3, $4, $5, $6)',
    [computer, run, user, from, by, until],
  );
}

/** Refuses what would take a locked computer from under its user. */
export async function refuseReserved(statements: Statements, { name }: Pick<LockedComputer, 'name'>): Promise<void> {
  const rows = await statements.rows(`${selectReservations} WHERE c.name = $1`, [name]);
  const reservation = parseFirst(reservationRow, rows);
  if (reservation !== undefined) throw reservedFor(name, reservation);
}

/** The error that says for whom a node is reserved, and how it is taken back. */
export function reservedFor(node: string, reservation: NodeReservation): ConflictError {
  const message = `node ${describeReservation(node, reservation)}; take it back first: imprint nodes reclaim ${node}`;
  return new ConflictError(message, { evidence: { ...reservation } });
}
