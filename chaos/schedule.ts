import type { Fault } from './fault.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';

/** A fault, and how long after the one before it begins. */
export interface Planned<S extends Stage> {
  readonly afterMs: number;
  readonly fault: Fault<S>;
}

export interface ScheduleOptions {
  readonly kills: number;
  /** Mean time between two faults. */
  readonly meanMs: number;
}

/** Draws the faults of a run; each kind comes as often as its weight says, and within a short run as many kinds as fit. */
export function drawSchedule<S extends Stage>(
  faults: readonly Fault<S>[],
  { kills, meanMs }: ScheduleOptions,
  random: Random,
): readonly Planned<S>[] {
  const planned: Planned<S>[] = [];
  while (planned.length < kills) planned.push(...bagOf(faults, random).map((fault) => ({ fault, afterMs: gap() })));
  return planned.slice(0, kills);

  function gap(): number {
    return random.whole(Math.round(meanMs / 4), Math.round((meanMs * 7) / 4));
  }
}

/** Each kind once, then what its weight adds: first one of every kind comes, in the order that was drawn. */
function bagOf<S extends Stage>(faults: readonly Fault<S>[], random: Random): readonly Fault<S>[] {
  const further = faults.flatMap((fault) => Array.from({ length: fault.weight - 1 }, () => fault));
  return [...random.shuffled(faults), ...random.shuffled(further)];
}
