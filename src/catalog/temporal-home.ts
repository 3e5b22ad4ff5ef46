import { z } from 'zod';
import type { Database } from './database.ts';
import { parseFirst } from './rows.ts';

/** A namespace of one Temporal cluster. Names are the same in every cluster (`default`), ids are not. */
export interface TemporalNamespace {
  readonly id: string;
  readonly name: string;
}

/** Which of Temporal's namespaces the runs of this catalog belong to. */
export interface TemporalHomes {
  /** What is recorded; undefined before any worker has started. */
  find(): Promise<TemporalNamespace | undefined>;
  /** Records the namespace where none is recorded yet; otherwise what is recorded stays. */
  settle(namespace: TemporalNamespace): Promise<void>;
  /** Records it instead of another one, which is gone for good. */
  move(namespace: TemporalNamespace): Promise<void>;
}

const homeRow: z.ZodType<TemporalNamespace> = z.object({ id: z.string(), name: z.string() });

const insert = 'INSERT INTO temporal_home (namespace_id, namespace) VALUES ($1, $2) ON CONFLICT (one_row)';

export function createTemporalHomes(database: Database): TemporalHomes {
  return {
    async find() {
      const sql = 'SELECT namespace_id AS id, namespace AS name FROM temporal_home';
      return parseFirst(homeRow, await database.read('look up the Temporal namespace of the runs', sql));
    },
    async settle({ id, name }) {
      await database.change('record the Temporal namespace of the runs', `${insert} DO NOTHING`, [id, name]);
    },
    async move({ id, name }) {
      const sql = `${insert} DO UPDATE SET namespace_id = excluded.namespace_id, namespace = excluded.namespace, recorded = now()`;
      await database.change('change the Temporal namespace of the runs', sql, [id, name]);
    },
  };
}
