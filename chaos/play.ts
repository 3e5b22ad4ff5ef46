import type { Fault } from './fault.ts';
import { figuresOfFaults, figuresOfRuns } from './figures.ts';
import type { Invariant } from './invariant.ts';
import { taken } from './ledger.ts';
import type { Nodes } from './nodes.ts';
import { createRandom, type Random } from './random.ts';
import type { Played, WorkFigures } from './results.ts';
import { drawSchedule } from './schedule.ts';
import type { Stage } from './stage.ts';
import { strikeAll } from './storm.ts';
import { watchInvariants } from './watch.ts';
import { eventually } from './waiting.ts';
import { startWorkload } from './workload.ts';

export interface PlayOptions {
  readonly seed: string;
  readonly kills: number;
  readonly nodes: number;
  readonly workers: number;
  /** Nodes that have a run at the same time. */
  readonly atOnce: number;
  /** Mean time between two faults, in milliseconds. */
  readonly meanMs: number;
  /** Whether it ends with the first violation: a control has then shown what it was for. Default: false. */
  readonly untilViolated?: boolean;
}

/** What is played, on a stage of its kind. */
export interface Drama<S extends Stage> {
  readonly faults: readonly Fault<S>[];
  readonly invariants: readonly Invariant<S>[];
  createNodes(stage: S, random: Random): Promise<Nodes>;
  figuresOfWork(stage: S): Promise<WorkFigures>;
}

/** A stage, and what ends all of it and removes what it wrote. */
export interface Standing<S extends Stage> {
  readonly stage: S;
  strike(): Promise<void>;
}

/** One chaos run, from its stage to its figures. It stands by itself: nothing of it is left. */
export async function playOn<S extends Stage>(
  { stage, strike }: Standing<S>,
  drama: Drama<S>,
  options: PlayOptions,
): Promise<Played> {
  const leave = (): void => void strike().finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);
  try {
    return await perform(stage, drama, options);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave);
    await strike();
  }
}

async function perform<S extends Stage>(stage: S, drama: Drama<S>, options: PlayOptions): Promise<Played> {
  const { seed, nodes, workers, atOnce, untilViolated = false } = options;
  const started = new Date();
  const random = createRandom(seed);
  const own = random.fork('workload');
  const workedOn = await drama.createNodes(stage, own.fork('nodes'));
  const watch = watchInvariants(drama.invariants, stage);
  const workload = startWorkload(stage, workedOn, atOnce, own);
  const schedule = drawSchedule(drama.faults, options, random.fork('schedule'));
  const isCaught = (): boolean => untilViolated && watch.violations().length > 0;
  const struck = await strikeAll(stage, schedule, random.fork('storm'), isCaught);
  if (isCaught()) stage.over.abort();
  await workload.finish();
  if (!isCaught()) await untilClosed(stage);
  await watch.stop();
  if (!isCaught()) await watch.conclude();
  return {
    seed,
    started: started.toISOString(),
    seconds: Math.round((Date.now() - started.getTime()) / 1000),
    nodes,
    workers,
    atOnce,
    faults: await figuresOfFaults(stage, drama.faults, struck),
    ...(await figuresOfRuns(stage)),
    ...(await drama.figuresOfWork(stage)),
    looks: watch.looks(),
    violations: [...watch.violations()],
  };
}

/** The catalog hears of a run's end a moment before Temporal closes it. */
async function untilClosed({ imprint, ledger, endMs }: Stage): Promise<void> {
  for (const { run } of taken(ledger)) {
    await eventually(async () => {
      const { status } = await imprint.temporal.workflow.getHandle(run).describe();
      return status.name === 'RUNNING' ? undefined : status.name;
    }, endMs);
  }
}
