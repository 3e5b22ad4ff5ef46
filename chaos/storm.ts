import { setTimeout as sleep } from 'node:timers/promises';
import { errorChain } from '../src/domain/errors.ts';
import { whatRunsDo, type Halted } from './continuing.ts';
import type { Fault } from './fault.ts';
import type { Random } from './random.ts';
import type { Planned } from './schedule.ts';
import type { Stage } from './stage.ts';

/** A fault that has been. */
export interface StruckFault {
  readonly fault: Pick<Fault, 'kind' | 'about'>;
  /** Undefined when there was nothing to strike. */
  readonly what: string | undefined;
  readonly halted?: Halted;
  readonly continuedAfter?: number;
}

/**
 * Lets the faults of a schedule happen, each at its time; several may go on together. Resolves when what they ended runs again.
 * When `isOver` says so the rest is left out.
 */
export async function strikeAll<S extends Stage>(
  stage: S,
  schedule: readonly Planned<S>[],
  random: Random,
  isOver: () => boolean,
): Promise<readonly StruckFault[]> {
  const last = new Map<string, Promise<unknown>>();
  const striking: Promise<StruckFault>[] = [];
  for (const [index, { fault, afterMs }] of schedule.entries()) {
    await sleep(afterMs);
    if (isOver()) break;
    const before = (fault.oneAtATime && last.get(fault.kind)) ?? Promise.resolve();
    const own = random.fork(`fault ${String(index)}`);
    const struck = before.then(async () => (isOver() ? { fault, what: undefined } : await strike(stage, fault, own)));
    last.set(fault.kind, struck);
    striking.push(struck);
  }
  return await Promise.all(striking);
}

async function strike<S extends Stage>(stage: S, fault: Fault<S>, random: Random): Promise<StruckFault> {
  const doing = await whatRunsDo(stage);
  try {
    const { what, halted, ...rest } = await fault.strike(stage, random);
    stage.say(`${fault.kind}: ${what ?? 'nothing to strike'}`);
    return {
      fault,
      what,
      ...rest,
      ...(halted === undefined ? {} : { halted: { ...halted, kind: fault.kind, doing } }),
    };
  } catch (error) {
    // As a rule another fault was faster: PostgreSQL was away when a job was looked for.
    stage.say(`${fault.kind}: missed, ${errorChain(error)}`);
    return { fault, what: undefined };
  }
}
