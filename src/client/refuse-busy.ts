import type { Client } from '@temporalio/client';
import type { Catalog } from '../catalog/catalog.ts';
import { reservedFor } from '../catalog/node-reservations.ts';
import { ConflictError } from '../domain/errors.ts';
import type { Procedure } from '../domain/run.ts';
import { isOver } from './is-over.ts';

/** A run that is about to be started, under its id. */
interface Starting {
  readonly procedure: Procedure;
  readonly node: string;
  readonly id: string;
}

/** The claim of the run's first step decides; asking here gives the answer before anything is started. */
export async function refuseBusy(client: Client, catalog: Catalog, { procedure, node, id }: Starting): Promise<void> {
  if (procedure === 'checkNode') return;
  if (replacing.includes(procedure)) await refuseReserved(catalog, node);
  const claim = await catalog.claims.find(node);
  // The same request may have been made at the same moment, and its run may own the node by now.
  if (claim === undefined || claim.owner === id) return;
  // What a run has left that is over is settled by the first step of this one.
  if (await isOver(client, claim.owner)) return;
  const instead = procedure === 'powerNode' ? await powerInstead(catalog, claim.owner) : '';
  throw new ConflictError(`node ${node} is owned by run ${claim.owner}, since ${claim.since}${instead}`, {
    evidence: { owner: claim.owner },
  });
}

/** What takes the system on a node away from its user. */
const replacing: readonly Procedure[] = ['captureImage', 'loadNode', 'unloadNode'];

async function refuseReserved({ nodeReservations }: Catalog, node: string): Promise<void> {
  const reservation = await nodeReservations.find(node);
  if (reservation !== undefined) throw reservedFor(node, reservation);
}

/** Power on a node whose run waits goes through that run, which knows what would do harm. */
async function powerInstead(catalog: Catalog, owner: string): Promise<string> {
  if ((await catalog.holds.find(owner)) === undefined) return '';
  return `; that waits for an operator, and power goes through it: imprint runs power ${owner} on|off|reset --reason …`;
}
