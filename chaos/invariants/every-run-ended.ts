import type { Invariant } from '../invariant.ts';
import { taken, type Asked } from '../ledger.ts';
import type { Stage } from '../stage.ts';

/** No run is lost: each that the client took has ended, or is held, with a sentence that says why. */
export const everyRunEnded: Invariant = {
  name: 'every run ended, or held with a reason',
  conclude: async (stage) => {
    const all = await Promise.all(taken(stage.ledger).map(async (asked) => await wrongOf(stage, asked)));
    return all.flat();
  },
};

async function wrongOf({ imprint }: Stage, { run, endless }: Asked): Promise<readonly string[]> {
  const record = await imprint.catalog.runs.find(run);
  if (record === undefined) return [`${run} is lost`];
  if (record.state === 'running') return [`${run} is still running${endless === undefined ? '' : ', for minutes'}`];
  if (record.outcome === undefined || record.outcome === '') return [`${run} is ${record.state}, and nothing says why`];
  const stuck = (await imprint.catalog.runs.steps(run)).filter(({ state }) => state === 'running');
  return stuck.map(({ number }) => `${run} is ${record.state}, and its step ${number} runs`);
}
