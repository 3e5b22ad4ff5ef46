import { z } from 'zod';
import { computerStates } from '../domain/computer.ts';
import {
  holdAnswers,
  holdKinds,
  recordedAnswers,
  type GivenAnswer,
  type Hold,
  type HoldRecord,
} from '../domain/hold.ts';
import { moveComputer, lockComputer, restoreComputer, type LockedComputer } from './computer-lock.ts';
import type { Database, Statements } from './database.ts';
import { askedPower, selectPower } from './hold-power.ts';
import { parseFirst, parseRows, timestamp } from './rows.ts';

/** Which run waits, on which node. */
export interface HeldRun {
  readonly run: string;
  readonly node: string;
}

/** Runs that wait for an operator, and what they were answered. */
export interface Holds {
  /**
   * Records that the run waits; the node that it owns is in `maintenance` until it is answered, unless it was only asked to pause. An earlier hold of the run that
   * is still open belonged to an execution that Temporal has reset, and is closed. The same hold again: success.
   */
  open(held: HeldRun, hold: Hold): Promise<void>;
  /** Records the answer; the node of a run that goes on is in the state again in which it was. No such hold is open: nothing. */
  answer(held: HeldRun, answer: GivenAnswer): Promise<void>;
  /** Records that the hold's deadline is over. */
  park(run: string, hold: string): Promise<void>;
  /** Holds that are open, of runs that are not over; the oldest first. */
  list(): Promise<readonly HoldRecord[]>;
  /** The open hold of a run that is not over. */
  find(run: string): Promise<HoldRecord | undefined>;
  /** All holds that the run ever had, the oldest first. */
  of(run: string): Promise<readonly HoldRecord[]>;
}

const row = z
  .object({
    run: z.string(),
    node: z.string(),
    id: z.string(),
    kind: z.enum(holdKinds),
    step: z.string(),
    title: z.string(),
    reason: z.string(),
    answers: z.array(z.enum(holdAnswers)),
    since: timestamp,
    parkedSince: timestamp.exactOptional(),
    answer: z.enum([...recordedAnswers, 'superseded']).exactOptional(),
    by: z.string().exactOptional(),
    why: z.string().exactOptional(),
    at: timestamp.exactOptional(),
    power: z.array(askedPower),
  })
  .transform(({ answer, by, why, at, ...hold }): HoldRecord => {
    if (answer === undefined || answer === 'superseded' || by === undefined || at === undefined) return hold;
    return { ...hold, answer: { answer, by, reason: why ?? '', at } };
  });

const select = `SELECT h.run_id AS run, r.node, h.id, h.kind, h.step, h.title, h.reason, h.answers, h.since,
    h.parked_since AS "parkedSince", h.answer, h.answered_by AS by, h.answer_reason AS why, h.answered AS at,
    ${selectPower} AS power
  FROM run_holds h JOIN runs r ON r.id = h.run_id`;
const isOpen = `h.answer IS NULL AND r.state = 'running'`;

export function createHolds(database: Database): Holds {
  return {
    open: (held, hold) =>
      database.transaction(`hold run ${held.run}`, (statements) => openHold(statements, held, hold)),
    answer: (held, answer) =>
      database.transaction(`answer the hold of run ${held.run}`, (statements) => answerHold(statements, held, answer)),
    async park(run, hold) {
      await database.change(
        `park run ${run}`,
        'UPDATE run_holds SET parked_since = coalesce(parked_since, now()) WHERE run_id = $1 AND id = $2 AND answer IS NULL',
        [run, hold],
      );
    },
    async list() {
      return parseRows(
        row,
        await database.read('list the held runs', `${select} WHERE ${isOpen} ORDER BY h.since`, []),
      );
    },
    async find(run) {
      return parseFirst(
        row,
        await database.read(`look up the hold of run ${run}`, `${select} WHERE ${isOpen} AND r.id = $1`, [run]),
      );
    },
    async of(run) {
      return parseRows(
        row,
        await database.read(`read the holds of run ${run}`, `${select} WHERE r.id = $1 ORDER BY h.since, h.id`, [run]),
      );
    },
  };
}

async function openHold(statements: Statements, { run, node }: HeldRun, hold: Hold): Promise<void> {
  const computer = await lockOwned(statements, run, node);
  await statements.rows(
    `UPDATE run_holds SET answer = 'superseded', answered = now() WHERE run_id = $1 AND id <> $2 AND answer IS NULL`,
    [run, hold.id],
  );
  const opened = await statements.rows(
    `INSERT INTO run_holds (run_id, id, kind, step, title, reason, answers, node_state)
     SELECT $1, $2, $3, $4, $5, $6, $7::text[], $8 WHERE EXISTS (SELECT FROM runs WHERE id = $1 AND state = 'running')
     ON CONFLICT DO NOTHING RETURNING id`,
    [run, hold.id, hold.kind, hold.step, hold.title, clean(hold.reason), [...hold.answers], computer?.state],
  );
  if (opened.length === 0 || computer === undefined || hold.kind === 'paused') return;
  await moveComputer(statements, computer, 'maintenance');
}

const nodeState = z.object({ state: z.enum(computerStates).exactOptional() });

async function answerHold(statements: Statements, { run, node }: HeldRun, given: GivenAnswer): Promise<void> {
  const computer = await lockOwned(statements, run, node);
  const answered = await statements.rows(
    `UPDATE run_holds SET answer = $2, answered_by = $3, answer_reason = $4, answered = now()
     WHERE run_id = $1 AND answer IS NULL RETURNING node_state AS state`,
    [run, given.answer, given.by, given.reason],
  );
  const before = parseFirst(nodeState, answered)?.state;
  if (computer !== undefined && before !== undefined) await restoreComputer(statements, computer, before);
}

/** The run's node, locked; undefined while the run does not own it, or for a run that is about no node. */
async function lockOwned(statements: Statements, run: string, node: string): Promise<LockedComputer | undefined> {
  const known = await statements.rows('SELECT FROM computers WHERE name = $1', [node]);
  if (known.length === 0) return undefined;
  const computer = await lockComputer(statements, node);
  return computer.claim?.owner === run ? computer : undefined;
}

/** PostgreSQL takes no NUL in a text; a tool may have printed one. */
function clean(text: string): string {
  return text.replaceAll('\u0000', '\ufffd');
}
