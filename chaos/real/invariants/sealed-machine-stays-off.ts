import type { Invariant } from '../../invariant.ts';
import { taken } from '../../ledger.ts';
import { startsOf } from '../machine-starts.ts';
import type { RealStage } from '../real-stage.ts';
import { runsAt } from '../runs-at.ts';
import { isSealedAt } from '../sealed-window.ts';

/** No machine is started by anybody but a run, and none by whomever between the end of its preparation and the publishing of its copy. */
export const sealedMachineStaysOff: Invariant<RealStage> = {
  name: 'no sealed system booted before its copy is published',
  conclude: async (stage) => {
    const nodes = [...new Set(taken(stage.ledger).map(({ node }) => node))];
    const wrong = nodes.map(async (node) => {
      const starts = await startsOf(stage, node);
      return await Promise.all(starts.map(async (at) => await wrongOf(stage, node, at)));
    });
    return (await Promise.all(wrong)).flat(2);
  },
};

async function wrongOf(stage: RealStage, node: string, at: number): Promise<readonly string[]> {
  const when = new Date(at).toISOString();
  const runs = await runsAt(stage, node, at);
  if (runs.length === 0) return [`${node} was started at ${when} by no run`];
  const sealed = await Promise.all(
    runs.map(async ({ id }) => (isSealedAt(await stage.imprint.catalog.runs.steps(id), at) ? [id] : [])),
  );
  return sealed.flat().map((run) => `${node} was started at ${when}, while ${run} had sealed and not published it`);
}
