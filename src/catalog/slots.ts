import { z } from 'zod';
import { lookAtQueue, type QueuePlace } from '../domain/slot-queue.ts';
import { defaultSlots, parseSlotCapacity, parseSlotResource } from '../domain/slots.ts';
import type { Fence } from '../domain/fence.ts';
import { lockFenced } from './computer-lock.ts';
import type { Database, Statements } from './database.ts';
import { integer, parseRows, timestamp } from './rows.ts';

/** Why a run asks: for loading its node, or for hashing a copy for all that wait for it. */
export type SlotPurpose = 'load' | 'check';

export interface NewSlotRequest {
  /** The run that asks: its workflow id. */
  readonly run: string;
  readonly purpose: SlotPurpose;
  /** One slot of each. */
  readonly resources: readonly string[];
  /** Proves that the run owns its node, and must go on doing so while the request is written down; absent for who owns none. */
  readonly prove?: () => Promise<Fence>;
}

/** Where a request stands. */
export type SlotTurn =
  | { readonly granted: true; readonly resources: readonly string[]; readonly waitedSeconds: number }
  | ({ readonly granted: false; readonly slots: number } & QueuePlace);

/** A resource that is used, waited for, or that somebody has set. */
export interface SlotResourceState {
  readonly resource: string;
  readonly slots: number;
  readonly holders: readonly { readonly run: string; readonly since: string }[];
  /** In the order of asking. */
  readonly queue: readonly { readonly run: string; readonly position: number; readonly since: string }[];
}

/** Limits that hold across processes: leases of runs. Nothing here ends a lease by time; see `takeUnchecked`. */
export interface Slots {
  /**
   * Asks for slots, or where an earlier request of the same run and purpose stands. All at once or none, in the order of asking. ConflictError where
   * the run owns its node no more: nobody would give the slots back.
   */
  request(request: NewSlotRequest): Promise<SlotTurn>;
  /** Gives the run's slots back, or takes its requests back; of all purposes when none is named. Of nothing: success. */
  release(run: string, purpose?: SlotPurpose): Promise<void>;
  /** Who waits, and where it stands; in the order of asking. */
  waiting(): Promise<readonly (QueuePlace & { readonly run: string; readonly slots: number })[]>;
  list(): Promise<readonly SlotResourceState[]>;
  /** From now on so many may use the resource at once; who has a slot keeps it. InvalidInputError. */
  setCapacity(resource: string, slots: number): Promise<void>;
  /**
   * Runs of which nobody has asked lately whether they go on; the caller does, and releases what those that are over have left. Each run is
   * given to one caller.
   */
  takeUnchecked(): Promise<readonly string[]>;
}

/** A holder that is over keeps others waiting; a waiter that is over does so only once it is granted. */
const checkAfter = { holderSeconds: 5, waiterSeconds: 30, runsAtOnce: 10 };

/** One at a time looks at the queue: the letters `SLOT`. */
const LOCK = 0x53_4c_4f_54;

const requestRow = z.object({
  run: z.string(),
  purpose: z.enum(['load', 'check']),
  place: integer,
  resources: z.array(z.string()),
  requested: timestamp,
  grantedAt: timestamp.exactOptional(),
});
type Row = z.infer<typeof requestRow> & { readonly granted: boolean };
const select =
  'SELECT run, purpose, place, resources, requested, granted AS "grantedAt" FROM slot_requests ORDER BY place';

/** All requests in the order of asking, and how many slots there are. */
interface Queue {
  readonly rows: readonly Row[];
  slotsOf(resource: string): number;
  readonly set: ReadonlyMap<string, number>;
}

export function createSlots(database: Database): Slots {
  const reading: Statements = {
    rows: async (sql, values) => await database.read('read the queue for slots', sql, values),
  };
  const inTurn = async (what: string, change: (statements: Statements) => Promise<unknown>): Promise<Queue> =>
    await database.transaction(what, async (statements) => {
      await statements.rows('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      await change(statements);
      return await grantWhatIsFree(statements);
    });
  return {
    async request({ run, purpose, resources, prove }) {
      const known = turnOf(await readQueue(reading), run, purpose);
      if (known !== undefined) return known;
      const fence = await prove?.();
      const queue = await inTurn(`ask for slots for run ${run}`, async (statements) => {
        if (fence !== undefined) await lockFenced(statements, fence);
        const insert = 'INSERT INTO slot_requests (run, purpose, resources) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING';
        await statements.rows(insert, [run, purpose, resources.map(parseSlotResource)]);
      });
      const turn = turnOf(queue, run, purpose);
      if (turn === undefined) throw new Error(`the request of run ${run} for slots was not recorded`);
      return turn;
    },
    async release(run, purpose) {
      await inTurn(`give the slots of run ${run} back`, async (statements) => {
        const remove = 'DELETE FROM slot_requests WHERE run = $1 AND ($2::text IS NULL OR purpose = $2)';
        await statements.rows(remove, [run, purpose]);
      });
    },
    async waiting() {
      const { rows, slotsOf } = await readQueue(reading);
      const { waiting } = lookAtQueue(rows, slotsOf);
      return waiting.map(({ request, place }) => ({ run: request.run, ...place, slots: slotsOf(place.resource) }));
    },
    list: async () => statesOf(await readQueue(reading)),
    async setCapacity(resource, slots) {
      const values = [parseSlotResource(resource), parseSlotCapacity(slots)];
      await inTurn(`set the slots of ${resource}`, async (statements) => {
        const set =
          'INSERT INTO slot_capacities VALUES ($1, $2) ON CONFLICT (resource) DO UPDATE SET capacity = excluded.capacity';
        await statements.rows(set, values);
      });
    },
    takeUnchecked: async () => await takeUnchecked(database),
  };
}

async function readQueue(statements: Statements): Promise<Queue> {
  const found = parseRows(requestRow, await statements.rows(select));
  const capacities = z.object({ resource: z.string(), capacity: integer });
  const set = new Map(
    parseRows(capacities, await statements.rows('SELECT resource, capacity FROM slot_capacities')).map(
      ({ resource, capacity }) => [resource, capacity],
    ),
  );
  return {
    rows: found.map((row) => ({ ...row, granted: row.grantedAt !== undefined })),
    slotsOf: (resource) => set.get(resource) ?? defaultSlots(resource),
    set,
  };
}

/** Within the lock: what waits and has room gets its slots. */
async function grantWhatIsFree(statements: Statements): Promise<Queue> {
  const queue = await readQueue(statements);
  const { grants } = lookAtQueue(queue.rows, queue.slotsOf);
  if (grants.length === 0) return queue;
  await statements.rows('UPDATE slot_requests SET granted = now(), checked = now() WHERE place = ANY($1::bigint[])', [
    grants.map(({ place }) => place),
  ]);
  return await readQueue(statements);
}

/** Undefined where there is no such request, and where it is to be granted. */
function turnOf(queue: Queue, run: string, purpose: SlotPurpose): SlotTurn | undefined {
  const row = queue.rows.find((one) => one.run === run && one.purpose === purpose);
  if (row === undefined) return undefined;
  if (row.grantedAt !== undefined) {
    const waitedSeconds = Math.round((Date.parse(row.grantedAt) - Date.parse(row.requested)) / 1_000);
    return { granted: true, resources: row.resources, waitedSeconds };
  }
  // Without a place it has room: whoever looks under the lock grants it.
  const waiting = lookAtQueue(queue.rows, queue.slotsOf).waiting.find(({ request }) => request === row);
  return waiting && { granted: false, ...waiting.place, slots: queue.slotsOf(waiting.place.resource) };
}

function statesOf(queue: Queue): readonly SlotResourceState[] {
  const { rows, set, slotsOf } = queue;
  const names = [...new Set([...set.keys(), ...rows.flatMap(({ resources }) => resources)])].sort();
  return names.map((resource) => {
    const users = rows.filter(({ resources }) => resources.includes(resource));
    const holders = users.flatMap(({ run, grantedAt }) => (grantedAt === undefined ? [] : [{ run, since: grantedAt }]));
    const waiting = users.filter(({ granted }) => !granted);
    const line = waiting.map(({ run, requested }, index) => ({ run, position: index + 1, since: requested }));
    return { resource, slots: slotsOf(resource), holders, queue: line };
  });
}

async function takeUnchecked(database: Database): Promise<readonly string[]> {
  const rows = await database.change(
    'look for slots of runs that are over',
    `UPDATE slot_requests SET checked = now() WHERE place IN (
       SELECT place FROM slot_requests
       WHERE checked < now() - make_interval(secs => CASE WHEN granted IS NULL THEN $1::int ELSE $2::int END)
       ORDER BY checked LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING run`,
    [checkAfter.waiterSeconds, checkAfter.holderSeconds, checkAfter.runsAtOnce],
  );
  return [...new Set(parseRows(z.object({ run: z.string() }), rows).map(({ run }) => run))];
}
