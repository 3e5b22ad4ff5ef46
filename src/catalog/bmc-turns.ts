import { z } from 'zod';
import type { Database } from './database.ts';
import { parseFirst, parseRows, timestamp } from './rows.ts';

export interface BmcTurn {
  readonly bmc: string;
  /** Which process, and which of its commands; unique. */
  readonly holder: string;
}

/** A management controller that somebody has spoken to. */
export interface BmcTurnState {
  readonly bmc: string;
  /** Absent when nobody speaks to it. */
  readonly holder?: string;
  readonly since?: string;
  readonly expires?: string;
  readonly lastUsed?: string;
}

/** Leases by which one process at a time speaks to a management controller. One that is not renewed ends by itself. */
export interface BmcTurns {
  /**
   * Takes the turn for `leaseMs`, when nobody has it and its latest command ended at least `restMs` ago. Undefined: taken, or had already; otherwise who
   * has it, or `resting`.
   */
  take(turn: BmcTurn, leaseMs: number, restMs: number): Promise<string | undefined>;
  /** False when the lease was lost. */
  renew(turn: BmcTurn, leaseMs: number): Promise<boolean>;
  /** Gives the turn back and notes when. Of nothing: success. */
  giveBack(turn: BmcTurn): Promise<void>;
  list(): Promise<readonly BmcTurnState[]>;
}

const stateRow = z.object({
  bmc: z.string(),
  holder: z.string().exactOptional(),
  since: timestamp.exactOptional(),
  expires: timestamp.exactOptional(),
  lastUsed: timestamp.exactOptional(),
});

const milliseconds = (parameter: string): string => `make_interval(secs => ${parameter}::float8 / 1000)`;

const take = `INSERT INTO bmc_turns AS t (bmc, holder, taken, expires) VALUES ($1, $2, now(), now() + ${milliseconds('$3')})
  ON CONFLICT (bmc) DO UPDATE SET holder = excluded.holder, taken = excluded.taken, expires = excluded.expires
  WHERE t.holder = excluded.holder
     OR ((t.holder IS NULL OR t.expires < now()) AND coalesce(t.last_used, '-infinity') <= now() - ${milliseconds('$4')})
  RETURNING bmc`;

export function createBmcTurns(database: Database): BmcTurns {
  return {
    async take({ bmc, holder }, leaseMs, restMs) {
      const what = `take a turn at ${bmc}`;
      const rows = await database.change(what, take, [bmc, holder, leaseMs, restMs]);
      if (rows.length > 0) return undefined;
      const seen = await database.read(what, 'SELECT holder FROM bmc_turns WHERE bmc = $1 AND expires >= now()', [bmc]);
      return parseFirst(z.object({ holder: z.string() }), seen)?.holder ?? 'resting';
    },
    async renew({ bmc, holder }, leaseMs) {
      const rows = await database.change(
        `keep the turn at ${bmc}`,
        `UPDATE bmc_turns SET expires = now() + ${milliseconds('$3')} WHERE bmc = $1 AND holder = $2 RETURNING bmc`,
        [bmc, holder, leaseMs],
      );
      return rows.length > 0;
    },
    async giveBack({ bmc, holder }) {
      await database.change(
        `give the turn at ${bmc} back`,
        'UPDATE bmc_turns SET holder = NULL, taken = NULL, expires = NULL, last_used = now() WHERE bmc = $1 AND holder = $2',
        [bmc, holder],
      );
    },
    async list() {
      const select = `SELECT bmc, CASE WHEN expires >= now() THEN holder END AS holder, CASE WHEN expires >= now() THEN taken END AS since,
        CASE WHEN expires >= now() THEN expires END AS expires, last_used AS "lastUsed" FROM bmc_turns ORDER BY bmc`;
      return parseRows(stateRow, await database.read('list the turns at management controllers', select));
    },
  };
}
