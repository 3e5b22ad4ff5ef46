import { nodesOf, repeatedActs } from './invariants/nothing-done-twice.ts';
import { taken } from './ledger.ts';
import type { WorkFigures } from './results.ts';
import type { SimulatedStage } from './simulated-stage.ts';

/** What the simulated machines have counted. */
export async function figuresOfWork(stage: SimulatedStage): Promise<WorkFigures> {
  return { duplicated: (await repeatedActs(stage, nodesOf(stage))).length, ...(await figuresOfBytes(stage)) };
}

/** Copies and fillings: what they moved, and what of it they moved more than once. */
async function figuresOfBytes(stage: SimulatedStage): Promise<Pick<WorkFigures, 'bytesCopied' | 'bytesCopiedAgain'>> {
  const { imprint, ledger, jobsKilled } = stage;
  const runs = new Set(taken(ledger).map(({ run }) => run));
  const sum = { bytesCopied: 0, bytesCopiedAgain: { jobKilled: 0, otherwise: 0 } };
  for (const node of nodesOf(stage)) {
    const { effects, jobs } = await imprint.world.machine(await imprint.catalog.computers.get(node));
    for (const [key, times] of Object.entries(effects)) {
      const [act = '', run = ''] = key.split(' ');
      const bytes = jobs[act]?.bytes;
      if (bytes === undefined || !runs.has(run)) continue;
      const killed = jobsKilled.filter(({ owner, job }) => owner === run && job === act).length;
      sum.bytesCopied += times * bytes;
      sum.bytesCopiedAgain.jobKilled += Math.min(times - 1, killed) * bytes;
      sum.bytesCopiedAgain.otherwise += Math.max(0, times - 1 - killed) * bytes;
    }
  }
  return sum;
}
