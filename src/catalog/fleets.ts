import { z } from 'zod';
import type { Computer } from '../domain/computer.ts';
import { InvalidInputError, NotFoundError } from '../domain/errors.ts';
import type { AdmittedFleet, LoadFleetInput } from '../domain/fleet.ts';
import type { Revision } from '../domain/image.ts';
import { runStates, type RunState } from '../domain/run.ts';
import type { Database } from './database.ts';
import { parseRows, timestamp } from './rows.ts';

/** One of many runs, at one moment. */
export interface RunGlance {
  readonly run: string;
  readonly state: RunState;
  readonly outcome?: string;
  readonly created: string;
  readonly ended?: string;
  /** The step that is under way. */
  readonly step?: { readonly number: string; readonly title: string; readonly startedAt: string };
}

/** What concerns many nodes at once. */
export interface Fleets {
  /**
   * Resolves the revision and finds all nodes. NotFoundError names every node that does not exist, InvalidInputError every one whose
   * provisioning system cannot load the image.
   */
  admit(input: LoadFleetInput): Promise<AdmittedFleet>;
  /** The runs that exist, in any order. */
  glance(runs: readonly string[]): Promise<readonly RunGlance[]>;
}

/** What is asked of the rest of the catalog. */
interface Aggregates {
  readonly computers: { list(): Promise<readonly Computer[]> };
  readonly revisions: { resolve(reference: { image: string; revision?: number }): Promise<Revision> };
  readonly operatingSystems: { isLoadable(system: string, os: string): Promise<boolean> };
}

export function createFleets(database: Database, aggregates: Aggregates): Fleets {
  return {
    admit: async (input) => await admit(aggregates, input),
    glance: async (runs) => await glance(database, runs),
  };
}

async function admit({ computers, revisions, operatingSystems }: Aggregates, input: LoadFleetInput) {
  const { image, nodes, parallel, revision: number } = input;
  const all = new Map((await computers.list()).map((computer) => [computer.name, computer]));
  const unknown = nodes.filter((node) => !all.has(node));
  if (unknown.length > 0) throw new NotFoundError(`not in the catalog: ${plural(unknown)}`);
  const revision = await revisions.resolve({ image, ...(number === undefined ? {} : { revision: number }) });
  const found = nodes.flatMap((node) => all.get(node) ?? []);
  const systems = [...new Set(found.map(({ provisioningSystem }) => provisioningSystem))];
  for (const system of systems) {
    if (await operatingSystems.isLoadable(system, revision.operatingSystem)) continue;
    const those = found.filter(({ provisioningSystem }) => provisioningSystem === system).map(({ name }) => name);
    throw new InvalidInputError(`${system}, which drives ${plural(those)}, cannot load ${revision.operatingSystem}`);
  }
  return {
    image,
    revision: revision.revision,
    parallel,
    nodes: found.map(({ name, managementNode, provisioningSystem }) => ({
      node: name,
      managementNode,
      provisioningSystem,
    })),
  };
}

function plural(nodes: readonly string[]): string {
  return nodes.length === 1 ? `node ${String(nodes[0])}` : `nodes ${nodes.join(', ')}`;
}

const glanceRow = z
  .object({
    run: z.string(),
    state: z.enum(runStates),
    outcome: z.string().exactOptional(),
    created: timestamp,
    ended: timestamp.exactOptional(),
    number: z.string().exactOptional(),
    title: z.string().exactOptional(),
    startedAt: timestamp.exactOptional(),
  })
  .transform(({ number, title, startedAt, ...row }): RunGlance =>
    number === undefined || title === undefined || startedAt === undefined
      ? row
      : { ...row, step: { number, title, startedAt } },
  );

async function glance(database: Database, runs: readonly string[]): Promise<readonly RunGlance[]> {
  const rows = await database.read(
    `look at ${String(runs.length)} runs`,
    `SELECT r.id AS run, r.state, r.outcome, r.created, r.ended, s.number, s.title, s.started_at AS "startedAt"
     FROM runs r LEFT JOIN LATERAL (
       SELECT number, title, started_at FROM run_steps WHERE run_id = r.id AND state = 'running'
       ORDER BY started_at DESC LIMIT 1) s ON true
     WHERE r.id = ANY($1::text[])`,
    [runs],
  );
  return parseRows(glanceRow, rows);
}
