import { z } from 'zod';
import { ConflictError } from '../domain/errors.ts';
import { revisionName } from '../domain/names.ts';
import { lockComputer, ownedBy, type LockedComputer } from './computer-lock.ts';
import type { Statements } from './database.ts';
import { keptFor } from './kept-for.ts';
import { refuseReserved } from './node-reservations.ts';
import { integer, parseFirst } from './rows.ts';

/** See `Computers.remove`. */
export async function removeComputer(statements: Statements, name: string): Promise<void> {
  const computer = await lockComputer(statements, name);
  if (computer.claim) throw ownedBy(computer, computer.claim.owner);
  await refuseReserved(statements, computer);
  await refuseSource(statements, computer);
  await refuseLoaded(statements, computer);
  await rememberEpoch(statements, computer);
  await statements.rows('DELETE FROM set_aside WHERE computer_id = $1', [computer.id]);
  await statements.rows('DELETE FROM claim_releases WHERE computer_id = $1', [computer.id]);
  await statements.rows('DELETE FROM computers WHERE id = $1', [computer.id]);
}

async function refuseSource(statements: Statements, { id, name }: LockedComputer): Promise<void> {
  const revision = await keptFor(statements, id);
  if (revision === undefined) return;
  throw new ConflictError(
    `the disk of ${name} is the source of ${revision}, which has not been READY on any node yet; load ${revision} once before you remove ${name}`,
    { evidence: { revision } },
  );
}

const loadedRow = z.object({ image: z.string(), number: integer });

async function refuseLoaded(statements: Statements, { id, name }: LockedComputer): Promise<void> {
  const rows = await statements.rows(
    `SELECT i.name AS image, r.number FROM computers c JOIN revisions r ON r.id = c.current_revision_id JOIN images i ON i.id = r.image_id
     WHERE c.id = $1`,
    [id],
  );
  const loaded = parseFirst(loadedRow, rows);
  if (!loaded) return;
  const revision = revisionName(loaded.image, loaded.number);
  throw new ConflictError(`${revision} is loaded on ${name}; unload it before you remove ${name}`, {
    evidence: { revision },
  });
}

async function rememberEpoch(statements: Statements, { name, lastEpoch }: LockedComputer): Promise<void> {
  await statements.rows(
    `INSERT INTO removed_computers (name, last_epoch) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET last_epoch = excluded.last_epoch, removed = now()`,
    [name, lastEpoch],
  );
}

/** A computer that has just been added under a name that was removed goes on with the epochs of that name. */
export async function recallEpoch(statements: Statements, name: string): Promise<void> {
  await statements.rows(
    'UPDATE computers c SET last_epoch = r.last_epoch FROM removed_computers r WHERE c.name = $1 AND r.name = c.name',
    [name],
  );
}
