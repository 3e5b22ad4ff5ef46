import type { ActivityDependencies } from '../dependencies.ts';
import { startGraceMs } from '../settle-run.ts';

/**
 * `live`: the run may still act, whatever it waits for. `over`: it has ended. `unknown`: neither Temporal nor the catalog has ever heard of it.
 */
export type Standing = 'live' | 'over' | 'unknown';

/** How runs stand; each is asked for once. */
export type Standings = (run: string) => Promise<Standing>;

export function createStandings(deps: Pick<ActivityDependencies, 'catalog' | 'runs'>): Standings {
  const asked = new Map<string, Promise<Standing>>();
  return async (run) => {
    const known = asked.get(run) ?? standingOf(deps, run);
    asked.set(run, known);
    return await known;
  };
}

/** Asks Temporal afresh; ImprintError, retryable, when it does not answer. */
export async function standingOf(
  { catalog, runs }: Pick<ActivityDependencies, 'catalog' | 'runs'>,
  run: string,
): Promise<Standing> {
  const presence = await runs.presence(run);
  if (presence === 'open') return 'live';
  if (presence === 'closed') return 'over';
  const record = await catalog.runs.find(run);
  if (record === undefined) return 'unknown';
  // A run is recorded before it is started.
  const mayBegin = record.state === 'running' && Date.now() - Date.parse(record.created) < startGraceMs;
  return mayBegin ? 'live' : 'over';
}

/** `run loadNode/lab-07/x, which is over` */
export function describeStanding(run: string, standing: Standing): string {
  const known = standing === 'unknown' ? 'which neither Temporal nor the catalog knows' : 'which is over';
  return `run ${run}, ${known}`;
}

export interface Left<Thing> {
  readonly thing: Thing;
  readonly standing: Exclude<Standing, 'live'>;
}

/** A list of things that runs own. */
export interface Owned<Thing> {
  list(): Promise<readonly Thing[]>;
  ownerOf(thing: Thing): string;
  /** The same for the same thing, seen again. */
  keyOf(thing: Thing): string;
}

/**
 * The things whose run is not live. Each was seen before its run was asked for and is seen again after it: what a run gives back while it ends is
 * not left.
 */
export async function leftOf<Thing>(standings: Standings, owned: Owned<Thing>): Promise<readonly Left<Thing>[]> {
  const left: Left<Thing>[] = [];
  for (const thing of await owned.list()) {
    const standing = await standings(owned.ownerOf(thing));
    if (standing !== 'live') left.push({ thing, standing });
  }
  if (left.length === 0) return left;
  const still = new Set((await owned.list()).map((thing) => owned.keyOf(thing)));
  return left.filter(({ thing }) => still.has(owned.keyOf(thing)));
}
