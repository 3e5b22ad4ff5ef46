import { z } from 'zod';
import type { Json, JsonObject } from '../domain/plan.ts';

/** bigint columns come as text; none of ours outgrows a safe integer. */
export const integer = z.coerce.number<string | number>().int();

/** timestamptz columns come as Date; in the domain times are ISO 8601, UTC. */
export const timestamp = z.date().transform((date) => date.toISOString());

/** A row with every column that is SQL's null left out, so that it is absent in the domain. */
export function withoutNulls(row: unknown): unknown {
  return Object.fromEntries(Object.entries(row as object).filter(([, value]) => value !== null));
}

/** Reads each row with `schema`. A row that does not fit is a mistake in the program and throws zod's own error. */
export function parseRows<T>(schema: z.ZodType<T>, rows: readonly unknown[]): T[] {
  return rows.map((row) => schema.parse(withoutNulls(row)));
}

/** Reads the first row; undefined when there is none. */
export function parseFirst<T>(schema: z.ZodType<T>, rows: readonly unknown[]): T | undefined {
  return rows.length === 0 ? undefined : schema.parse(withoutNulls(rows[0]));
}

const json: z.ZodType<Json> = z.json();

/** What lies in a jsonb column that holds an object. */
export const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json);
