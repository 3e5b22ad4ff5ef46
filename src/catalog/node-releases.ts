import { z } from 'zod';
import { computerStates, type ComputerState } from '../domain/computer.ts';
import { ConflictError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import { lockComputer, lockFenced, moveComputer, ownedBy } from './computer-lock.ts';
import type { Database, Statements } from './database.ts';
import { parseRows, timestamp } from './rows.ts';

/** Who gave a node free, and why. */
export interface ReleaseRequest {
  readonly by: string;
  readonly reason: string;
}

export interface NodeRelease extends ReleaseRequest {
  readonly fromState: ComputerState;
  /** The run that was over and owned it. */
  readonly takenFrom?: string;
  readonly at: string;
}

/** Nodes that an operator has given free, after a run had left them to be looked at. */
export interface NodeReleases {
  /**
   * Makes a node `available` that no run owns, and records who did and why. Available already: false, and nothing is recorded. ConflictError
   * for a node that a run owns or that is in use.
   */
  release(node: string, request: ReleaseRequest): Promise<boolean>;
  /** Records the same for a node that the run of the fence owns and will give back. Recorded already by that run: nothing happens. */
  record(fence: Fence, request: ReleaseRequest & { readonly takenFrom?: string }): Promise<void>;
  /** The latest first. */
  list(node: string): Promise<readonly NodeRelease[]>;
}

/** What a run may have left a node in. */
const releasable: readonly ComputerState[] = ['maintenance', 'capturing', 'loading'];

const releaseRow: z.ZodType<NodeRelease> = z.object({
  fromState: z.enum(computerStates),
  by: z.string(),
  reason: z.string(),
  takenFrom: z.string().exactOptional(),
  at: timestamp,
});

export function createNodeReleases(database: Database): NodeReleases {
  return {
    release: (node, request) =>
      database.transaction(`give node ${node} free`, (statements) => releaseUnowned(statements, node, request)),
    record: (fence, request) =>
      database.transaction(`record that node ${fence.node} is given free`, async (statements) => {
        const { state, claim } = await lockFenced(statements, fence);
        await insertRelease(statements, fence.node, {
          ...request,
          fromState: claim?.previousState ?? state,
          run: fence.owner,
        });
      }),
    async list(node) {
      const rows = await database.read(
        `read who gave node ${node} free`,
        `SELECT from_state AS "fromState", released_by AS by, reason, taken_from AS "takenFrom", released AS at
         FROM node_releases WHERE node = $1 ORDER BY released DESC, id DESC`,
        [node],
      );
      return parseRows(releaseRow, rows);
    },
  };
}

async function releaseUnowned(statements: Statements, node: string, request: ReleaseRequest): Promise<boolean> {
  const computer = await lockComputer(statements, node);
  if (computer.claim) throw ownedBy(computer, computer.claim.owner);
  if (computer.state === 'available') return false;
  if (!releasable.includes(computer.state)) {
    throw new ConflictError(
      `node ${node} is ${computer.state}: only one that a run has left to be looked at is released`,
      {
        evidence: { state: computer.state },
      },
    );
  }
  await moveComputer(statements, computer, 'available');
  await insertRelease(statements, node, { ...request, fromState: computer.state });
  return true;
}

interface NewRelease extends ReleaseRequest {
  readonly fromState: ComputerState;
  readonly takenFrom?: string;
  readonly run?: string;
}

async function insertRelease(statements: Statements, node: string, release: NewRelease): Promise<void> {
  const { fromState, by, reason, takenFrom, run } = release;
  await statements.rows(
    `INSERT INTO node_releases (node, from_state, released_by, reason, taken_from, run) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (run) DO NOTHING`,
    [node, fromState, by, reason, takenFrom, run],
  );
}
