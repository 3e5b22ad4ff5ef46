import type { Fault } from './fault.ts';
import type { Random } from './random.ts';

/** A fault, and how long after the one before it begins. */
export interface Planned {
  readonly afterMs: number;
  readonly fault: Fault;
}

export interface ScheduleOptions {
  readonly kills: number;
  /** Mean time between two faults. */
  readonly meanMs: number;
}

/** Draws the faults of a run; each kind comes as often as its weight says, and within a short run as many kinds as fit. */
export function drawSchedule(
  faults: readonly Fault[],
  { kills, meanMs }: ScheduleOptions,
  random: Random,
): readonly Planned[] {
  const planned: Planned[] = [];
  while (planned.length < kills) planned.push(...bagOf(faults, random).map((fault) => ({ fault, afterMs: gap() })));
  return planned.slice(0, kills);

  function gap(): number {
    return random.whole(Math.round(meanMs / 4), Math.round((meanMs * 7) / 4));
  }
}

/** Each kind once, then what its weight adds: first one of every kind comes, in the order that was drawn. */
function bagOf(faults: readonly Fault[], random: Random): readonly Fault[] {
  const further = faults.flatMap((fault) => Array.from({ length: fault.weight - 1 }, () => fault));
  return [...random.shuffled(faults), ...random.shuffled(further)];
}
