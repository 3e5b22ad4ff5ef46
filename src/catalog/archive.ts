import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import {
  endStatuses,
  outcomeOfEnd,
  stateOfEnd,
  type EndedExecution,
  type EndStatus,
  type ExecutionKey,
  type RunFailure,
} from '../domain/ended-run.ts';
import { IntegrityError } from '../domain/errors.ts';
import type { Json, JsonObject } from '../domain/plan.ts';
import type { Database, Statements } from './database.ts';
import { integer, jsonObject, parseFirst, parseRows, timestamp } from './rows.ts';

/** An execution as the archive keeps it; its history is read by `history`. */
export interface ArchivedExecution extends ExecutionKey {
  readonly status: EndStatus;
  readonly started: string;
  readonly closed: string;
  readonly result?: Json;
  readonly failure?: RunFailure;
  readonly searchAttributes: JsonObject;
  readonly memo: JsonObject;
  /** Length of the history's JSON. */
  readonly historyBytes: number;
  readonly archived: string;
}

/** Ended runs beyond Temporal's retention: one entry an execution. */
export interface Archive {
  /**
   * Keeps an execution; kept already: nothing happens. A run that ended before it came into the catalog comes into it, so that it is found
   * with all others.
   */
  add(ended: EndedExecution): Promise<void>;
  /** Those of the executions that are not kept yet. */
  missing(executions: readonly ExecutionKey[]): Promise<readonly ExecutionKey[]>;
  /** The executions of a run, the latest first. */
  list(run: string): Promise<readonly ArchivedExecution[]>;
  /** JSON of all events. Undefined when it is not kept; IntegrityError when it is not what was archived. */
  history(key: ExecutionKey): Promise<string | undefined>;
  /** Until when all ended runs are kept (ISO 8601, UTC); undefined before the first pass. It never goes back. */
  until(): Promise<string | undefined>;
  recordUntil(until: string): Promise<void>;
  /** Removes what closed before; answers how many executions. The catalog's record of these runs stays. */
  removeBefore(closed: string): Promise<number>;
}

const archivedRow: z.ZodType<ArchivedExecution> = z.object({
  run: z.string(),
  execution: z.string(),
  status: z.enum(endStatuses),
  started: timestamp,
  closed: timestamp,
  result: z.json().exactOptional(),
  failure: z.object({ reason: z.string(), message: z.string() }).exactOptional(),
  searchAttributes: jsonObject,
  memo: jsonObject,
  historyBytes: integer,
  archived: timestamp,
});

const select = `SELECT run_id AS run, execution, status, started, closed, result, failure, search_attributes AS "searchAttributes",
  memo, history_bytes AS "historyBytes", archived FROM run_archive`;

const historyRow = z.object({ history: z.instanceof(Buffer), sha256: z.string() });

export function createArchive(database: Database): Archive {
  return {
    async add(ended) {
      const history = await pack(ended.history);
      await database.transaction(`archive run ${ended.run}`, async (statements) => {
        await registerEnded(statements, ended);
        await insertExecution(statements, ended, history);
      });
    },
    async missing(executions) {
      const rows = await database.read(
        'find out which runs are archived',
        // By both, as the primary key is: the archive is never read from end to end.
        'SELECT a.execution FROM unnest($1::text[], $2::text[]) AS k (run, execution) JOIN run_archive a ON a.run_id = k.run AND a.execution = k.execution',
        [executions.map(({ run }) => run), executions.map(({ execution }) => execution)],
      );
      const kept = new Set(parseRows(z.object({ execution: z.string() }), rows).map(({ execution }) => execution));
      return executions.filter(({ execution }) => !kept.has(execution));
    },
    async list(run) {
      const sql = `${select} WHERE run_id = $1 ORDER BY started DESC, closed DESC`;
      return parseRows(archivedRow, await database.read(`read what is archived of run ${run}`, sql, [run]));
    },
    async history({ run, execution }) {
      const sql = 'SELECT history, history_sha256 AS sha256 FROM run_archive WHERE run_id = $1 AND execution = $2';
      const rows = await database.read(`read the archived history of run ${run}`, sql, [run, execution]);
      const found = parseFirst(historyRow, rows);
      return found === undefined ? undefined : await unpack(run, found);
    },
    ...createProgress(database),
  };
}

function createProgress(database: Database): Pick<Archive, 'until' | 'recordUntil' | 'removeBefore'> {
  return {
    async until() {
      const rows = await database.read(
        'read how far the archive is',
        'SELECT archived_until AS until FROM archive_progress',
      );
      return parseFirst(z.object({ until: timestamp }), rows)?.until;
    },
    async recordUntil(until) {
      await database.change(
        'record how far the archive is',
        `INSERT INTO archive_progress (archived_until) VALUES ($1) ON CONFLICT (only_row)
         DO UPDATE SET archived_until = greatest(archive_progress.archived_until, excluded.archived_until)`,
        [until],
      );
    },
    async removeBefore(closed) {
      const sql = 'DELETE FROM run_archive WHERE closed < $1 RETURNING execution';
      return (await database.change('remove old histories from the archive', sql, [closed])).length;
    },
  };
}

/** A run that was refused before its first step could register it. */
async function registerEnded(statements: Statements, ended: EndedExecution): Promise<void> {
  await statements.rows(
    `INSERT INTO runs (id, procedure, node, input, state, outcome, created, ended)
     VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
    [
      ended.run,
      ended.procedure,
      ended.node,
      storable(ended.input),
      stateOfEnd(ended.status),
      withoutNul(outcomeOfEnd(ended)),
      ended.started,
      ended.closed,
    ],
  );
}

interface Packed {
  readonly gzipped: Buffer;
  readonly bytes: number;
  readonly sha256: string;
}

async function insertExecution(statements: Statements, ended: EndedExecution, history: Packed): Promise<void> {
  const { run, execution, status, started, closed, result, failure, searchAttributes, memo } = ended;
  await statements.rows(
    `INSERT INTO run_archive (run_id, execution, status, started, closed, result, failure, search_attributes, memo,
       history, history_bytes, history_sha256)
     VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8::jsonb, $9::jsonb, $10, $11, $12) ON CONFLICT DO NOTHING`,
    [
      run,
      execution,
      status,
      started,
      closed,
      storable(result),
      storable(failure),
      storable(searchAttributes),
      storable(memo),
      history.gzipped,
      history.bytes,
      history.sha256,
    ],
  );
}

async function pack(history: string): Promise<Packed> {
  const json = Buffer.from(history, 'utf8');
  return { gzipped: await promisify(gzip)(json), bytes: json.length, sha256: sha256Of(json) };
}

async function unpack(run: string, { history, sha256 }: z.output<typeof historyRow>): Promise<string> {
  const json = await promisify(gunzip)(history).catch((cause: unknown) => {
    throw new IntegrityError(`read the archived history of run ${run}: it is damaged`, { cause });
  });
  if (sha256Of(json) === sha256) return json.toString('utf8');
  throw new IntegrityError(`read the archived history of run ${run}: it is not what was archived`);
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** JSON for a jsonb column, which cannot hold a NUL; the history keeps it. */
function storable(value: Json | RunFailure | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value).replaceAll('\\u0000', '\\ufffd');
}

function withoutNul(text: string): string {
  return text.replaceAll('\u0000', '\ufffd');
}
