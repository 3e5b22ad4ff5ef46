import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { simulatedSystem, type TestImprint } from '../../test/support/imprint.ts';
import { copyLasting } from '../../test/support/copies.ts';
import type { RunHandle } from '../../src/client.ts';

/** Copies of simulated machines cost nothing, so more of them than the default of four may go on at once. */
export const crowdSettings = { IMPRINT_LONG_SLOTS: '20' };

/** Starts so many captures, ten at a time. */
export async function startCrowd(imprint: TestImprint, count: number): Promise<readonly RunHandle<unknown>[]> {
  const runs: RunHandle<unknown>[] = [];
  while (runs.length < count) {
    const next = Array.from({ length: Math.min(10, count - runs.length) }, async () => await startOne(imprint));
    runs.push(...(await Promise.all(next)));
  }
  return runs;
}

async function startOne(imprint: TestImprint): Promise<RunHandle<unknown>> {
  const node = await imprint.addNode(copyLasting(0));
  return await imprint.client.startCapture({ node, image: imprint.fresh('image'), operatingSystem: simulatedSystem });
}

/** What a worker takes after one run: what is compiled and connected at the first run is no part of one more. */
export async function measureIdle(imprint: TestImprint): Promise<number> {
  const worker = await imprint.startWorker();
  await (await startOne(imprint)).result();
  const bytes = await privateBytes(worker.pid);
  await worker.kill();
  return bytes;
}

/** What only this process holds. */
export async function privateBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/smaps_rollup`, 'utf8');
  const kilobytes = [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)].map(([, value]) => Number(value));
  return kilobytes.reduce((sum, value) => sum + value, 0) * 1024;
}

export function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / 1e6))} MB`;
}

/** Copies of captures that another worker began once more. */
export async function copiesBegunTwice({ world }: TestImprint): Promise<number> {
  const begun = (await world.events()).filter(({ action, kind }) => action === 'copy-vda' && kind === 'effect');
  return begun.length - new Set(begun.map(({ owner }) => owner)).size;
}

/** How far all runs are together. */
export interface CrowdProgress {
  readonly inFlight: number;
  readonly stepsDone: number;
}

/** Asks the catalog's database about all runs at once, which costs one look for a thousand of them. */
export interface CrowdWatch {
  look(): Promise<CrowdProgress>;
  /** The database's own time, to be compared with when steps ended. */
  now(): Promise<Date>;
  /** Runs that are under way and have ended no step since. */
  stillSince(since: Date): Promise<number>;
  close(): Promise<void>;
}

export function watchCrowd({ databaseUrl }: TestImprint): CrowdWatch {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const ask = async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row> => {
    const [row] = (await pool.query<Row>(sql, [...values])).rows;
    if (row === undefined) throw new Error('the catalog gave no answer');
    return row;
  };
  return {
    look: async () =>
      await ask<{ inFlight: number; stepsDone: number }>(
        `SELECT (SELECT count(*)::int FROM runs WHERE state = 'running') AS "inFlight",
                (SELECT count(*)::int FROM run_steps WHERE state = 'done') AS "stepsDone"`,
      ),
    now: async () => (await ask<{ now: Date }>('SELECT clock_timestamp() AS now')).now,
    stillSince: async (since) =>
      (
        await ask<{ still: number }>(
          `SELECT count(*)::int AS still FROM runs r WHERE r.state = 'running'
             AND NOT EXISTS (SELECT FROM run_steps s WHERE s.run_id = r.id AND s.ended_at > $1)`,
          [since],
        )
      ).still,
    close: async () => await pool.end(),
  };
}
