import { setStage } from './set-stage.ts';
import type { Mutation } from './controls/mutation.ts';
import { faults } from './faults.ts';
import { duplicated, figuresOfBytes, figuresOfFaults, figuresOfRuns } from './figures.ts';
import { createInvariants } from './invariants.ts';
import { taken } from './ledger.ts';
import { createRandom } from './random.ts';
import type { Played } from './results.ts';
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
  /** After so long a run is taken for lost, in milliseconds. */
  readonly endMs: number;
  /** Absent: Imprint as it is. */
  readonly mutation?: Mutation;
  say(line: string): void;
}

/** One chaos run, from its stage to its figures. It stands by itself: nothing of it is left. */
export async function play(options: PlayOptions): Promise<Played> {
  const { stage, strike } = await setStage(options);
  const leave = (): void => void strike().finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);
  try {
    return await perform(stage, options);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave);
    await strike();
  }
}

async function perform(stage: Stage, options: PlayOptions): Promise<Played> {
  const { seed, nodes, workers, atOnce, mutation } = options;
  const started = new Date();
  const random = createRandom(seed);
  const watch = watchInvariants(createInvariants(), stage);
  const workload = await startWorkload(stage, options, random.fork('workload'));
  const kinds = faults.filter(({ kind }) => mutation === undefined || mutation.faults.includes(kind));
  const schedule = drawSchedule(kinds, options, random.fork('schedule'));
  // A control that was caught has shown what it was for.
  const isCaught = (): boolean => mutation !== undefined && watch.violations().length > 0;
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
    faults: await figuresOfFaults(stage, struck),
    ...(await figuresOfRuns(stage)),
    duplicated: await duplicated(stage),
    ...(await figuresOfBytes(stage)),
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
