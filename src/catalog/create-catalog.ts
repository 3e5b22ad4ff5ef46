import { createArchive } from './archive.ts';
import { createAudits } from './audits.ts';
import { createBmcTurns } from './bmc-turns.ts';
import type { Catalog } from './catalog.ts';
import { createClaims } from './claims.ts';
import { createComputers } from './computers.ts';
import { createCopies } from './copies.ts';
import { createCopyTransfers } from './copy-transfers.ts';
import { openDatabase } from './database.ts';
import { createManagementNodes, createProvisioningSystems } from './management-nodes.ts';
import { createDrivers } from './drivers.ts';
import { createFleets } from './fleets.ts';
import { createHoldPower } from './hold-power.ts';
import { createHolds } from './holds.ts';
import { migrate, type MigrateOptions } from './migrate.ts';
import { createNodeReleases } from './node-releases.ts';
import { createNodeReservations } from './node-reservations.ts';
import { createOperatingSystems } from './operating-systems.ts';
import { createRevisionDeletion } from './revision-deletion.ts';
import { createRevisionLife } from './revision-life.ts';
import { createRevisionUses } from './revision-uses.ts';
import { createRevisions } from './revisions.ts';
import { createRuns } from './runs.ts';
import { createSetAside } from './set-aside.ts';
import { createSlots } from './slots.ts';
import { createTemporalHomes } from './temporal-home.ts';

export interface OpenOptions {
  /** `postgresql://user:password@host:port/database` */
  readonly databaseUrl: string;
  /** At most so many connections at once. Default: 10. */
  readonly connections?: number;
  /** How long connecting, and a statement, may take. Default: 10 s, and half a minute. */
  readonly patienceMs?: number;
}

export interface CatalogOptions extends MigrateOptions, OpenOptions {}

/**
 * Brings the database to the newest schema and opens it. Throws UnavailableError when it cannot be reached, UnauthorizedError when it
 * refuses the credentials. Close the catalog when done.
 */
export async function createCatalog(options: CatalogOptions): Promise<Catalog> {
  await migrate(options.databaseUrl, options);
  return openCatalog(options);
}

/** Opens a database as it is; nothing is connected before the first call. */
export function openCatalog({ databaseUrl, ...limits }: OpenOptions): Catalog {
  const database = openDatabase(databaseUrl, limits);
  const operatingSystems = createOperatingSystems(database);
  const computers = createComputers(database);
  const revisions = createRevisions(database);
  return {
    managementNodes: createManagementNodes(database),
    provisioningSystems: createProvisioningSystems(database),
    drivers: createDrivers(database),
    operatingSystems,
    computers,
    claims: createClaims(database),
    revisions,
    revisionLife: createRevisionLife(database),
    revisionUses: createRevisionUses(database),
    revisionDeletion: createRevisionDeletion(database),
    copies: createCopies(database),
    copyTransfers: createCopyTransfers(database),
    setAside: createSetAside(database),
    runs: createRuns(database),
    holds: createHolds(database),
    holdPower: createHoldPower(database),
    archive: createArchive(database),
    nodeReleases: createNodeReleases(database),
    nodeReservations: createNodeReservations(database),
    slots: createSlots(database),
    temporalHomes: createTemporalHomes(database),
    fleets: createFleets(database, { computers, revisions, operatingSystems }),
    audits: createAudits(database),
    bmcTurns: createBmcTurns(database),
    close: () => database.close(),
  };
}
