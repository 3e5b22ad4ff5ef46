import { setTimeout as sleep } from 'node:timers/promises';
import { createNodes } from './nodes.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';
import { takeTurn } from './turn.ts';

/** Captures, loads and power runs on many nodes, for as long as the chaos goes on. */
export interface Workload {
  /** No new run is asked for; resolves when those that were have ended, or were waited for in vain. */
  finish(): Promise<void>;
}

export interface WorkloadOptions {
  readonly nodes: number;
  /** How many nodes have a run at the same time. */
  readonly atOnce: number;
}

export async function startWorkload(
  stage: Stage,
  { nodes: count, atOnce }: WorkloadOptions,
  random: Random,
): Promise<Workload> {
  const nodes = await createNodes(stage, count, random.fork('nodes'));
  const state = { finishing: false };
  const work = async (who: number): Promise<void> => {
    const own = random.fork(`client ${String(who)}`);
    // As clients come: not all in the same moment.
    await sleep(own.whole(0, 3_000));
    while (!state.finishing) {
      const node = nodes.take(own);
      if (node === undefined) await sleep(500);
      else await takeTurn({ stage, nodes, node, random: own });
    }
  };
  const working = Promise.all(Array.from({ length: atOnce }, (_, who) => work(who)));
  return {
    finish: async () => {
      state.finishing = true;
      await working;
    },
  };
}
