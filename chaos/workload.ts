import { setTimeout as sleep } from 'node:timers/promises';
import type { Nodes } from './nodes.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';
import { takeTurn } from './turn.ts';

/** Captures, loads and power runs on many nodes, for as long as the chaos goes on. */
export interface Workload {
  /** No new run is asked for; resolves when those that were have ended, or were waited for in vain. */
  finish(): Promise<void>;
}

/** `atOnce`: how many of the nodes have a run at the same time. */
export function startWorkload(stage: Stage, nodes: Nodes, atOnce: number, random: Random): Workload {
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
