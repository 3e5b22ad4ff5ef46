import type { Invariant } from '../invariant.ts';
import { taken } from '../ledger.ts';
import type { SimulatedStage } from '../simulated-stage.ts';

/**
 * Each fenced act of a run has its effect on the machine once. The machine counts effects in the same write that makes them, so that no kill parts
 * the two. A copy whose process was killed begins again, as often as that happened.
 */
export const nothingDoneTwice: Invariant<SimulatedStage> = {
  name: 'no fenced action done twice',
  // Those of whom something was asked last: all of them are looked at when it is over.
  look: async (stage) => (await repeatedActs(stage, nodesOf(stage).slice(-12))).map(describe),
  conclude: async (stage) => (await repeatedActs(stage, nodesOf(stage))).map(describe),
};

/** An act that had its effect more often than it may. */
export interface RepeatedAct {
  readonly node: string;
  readonly act: string;
  readonly run: string;
  readonly times: number;
  readonly allowed: number;
}

/** Nodes of which something was asked, the latest last. */
export function nodesOf({ ledger }: SimulatedStage): readonly string[] {
  const names = taken(ledger).map(({ node }) => node);
  return [...new Set(names.toReversed())].toReversed();
}

export async function repeatedActs(stage: SimulatedStage, nodes: readonly string[]): Promise<readonly RepeatedAct[]> {
  const { imprint, ledger } = stage;
  const runs = new Set(taken(ledger).map(({ run }) => run));
  const found: RepeatedAct[] = [];
  for (const node of nodes) {
    const { effects } = await imprint.world.machine(await imprint.catalog.computers.get(node));
    for (const [key, times] of Object.entries(effects)) {
      const [act = '', run] = key.split(' ');
      if (run === undefined || !runs.has(run)) continue;
      const allowed = 1 + killsOf(stage, run, act);
      if (times > allowed) found.push({ node, act, run, times, allowed });
    }
  }
  return found;
}

function killsOf({ jobsKilled }: SimulatedStage, run: string, act: string): number {
  return jobsKilled.filter(({ owner, job }) => owner === run && job === act).length;
}

function describe({ act, run, times, allowed }: RepeatedAct): string {
  return `${act} of ${run} had its effect ${String(times)} times, where ${String(allowed)} may be`;
}
