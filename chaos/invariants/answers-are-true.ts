import type { Invariant } from '../invariant.ts';
import { taken, type Asked } from '../ledger.ts';

/** What a run says that it did is seen on the machine when it has just ended. */
export const answersAreTrue: Invariant = {
  name: 'a completed run has done what it says',
  conclude: async ({ imprint, ledger }) => {
    const seen = taken(ledger).filter(({ after }) => after !== undefined);
    const wrong = seen.map(async (asked) => {
      const completed = (await imprint.catalog.runs.find(asked.run))?.state === 'completed';
      const why = completed ? contradiction(asked) : undefined;
      return why === undefined ? [] : [`${asked.run} completed, and ${why}`];
    });
    return (await Promise.all(wrong)).flat();
  },
};

function contradiction({ procedure, power, after }: Asked): string | undefined {
  if (power !== undefined && after?.power !== power) return `the machine is ${after?.power ?? 'unknown'}`;
  if (procedure === 'loadNode' && (after?.power !== 'on' || after.loaded === undefined)) {
    return 'the machine does not run what was loaded';
  }
  return undefined;
}
