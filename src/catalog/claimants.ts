import { z } from 'zod';
import { InvalidInputError } from '../domain/errors.ts';
import type { Claimant } from './catalog.ts';
import type { Statements } from './database.ts';
import { integer, parseRows } from './rows.ts';

/** One attempt that acted under a claim. */
export interface SeenAttempt {
  readonly execution: string;
  readonly activity: string;
  readonly attempt: number;
  readonly epoch: number;
}

/** `holder`: acted last, nobody came after it. `new`: not seen yet, may take over. `superseded`: another took over, for good. */
export type Standing = 'holder' | 'new' | 'superseded';

/**
 * Where a claimant stands among the attempts that acted under the claim. An execution is over once another one acted (a reset ends it),
 * and so is an attempt of an activity once a later attempt of it acted, even where it was never seen itself: it was only slow.
 */
export function standingOf(claimant: Claimant, seen: readonly SeenAttempt[]): Standing {
  const { activity, attempt } = parseAttempt(claimant.attempt);
  const ofExecution = seen.filter((other) => other.execution === claimant.execution);
  const ofActivity = ofExecution.filter((other) => other.activity === activity);
  const newest = seen.reduce<SeenAttempt | undefined>(
    (last, other) => (last === undefined || other.epoch > last.epoch ? other : last),
    undefined,
  );
  const own = ofActivity.find((other) => other.attempt === attempt);
  if (own) return own === newest ? 'holder' : 'superseded';
  if (ofExecution.length > 0 && newest?.execution !== claimant.execution) return 'superseded';
  return ofActivity.some((other) => other.attempt > attempt) ? 'superseded' : 'new';
}

/** Reads `<activity id>/<attempt>`; throws InvalidInputError. */
export function parseAttempt(value: string): { readonly activity: string; readonly attempt: number } {
  const [, activity, attempt] = /^(.+)\/([1-9]\d{0,8})$/.exec(value) ?? [];
  if (activity !== undefined && attempt !== undefined) return { activity, attempt: Number(attempt) };
  throw new InvalidInputError(`attempt: expected <activity id>/<attempt>; got ${JSON.stringify(value)}`);
}

const seenAttempt: z.ZodType<SeenAttempt> = z.object({
  execution: z.string(),
  activity: z.string(),
  attempt: integer,
  epoch: integer,
});

/** All attempts that acted under the present claim on a computer. */
export async function attemptsOf(statements: Statements, computerId: number): Promise<readonly SeenAttempt[]> {
  const sql = 'SELECT execution, activity, attempt, epoch FROM claim_attempts WHERE computer_id = $1';
  return parseRows(seenAttempt, await statements.rows(sql, [computerId]));
}
