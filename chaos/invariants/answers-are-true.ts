import type { Invariant } from '../invariant.ts';
import { taken, type Asked } from '../ledger.ts';
import type { Stage } from '../stage.ts';

/** What a run says that it did is seen on the machine when it has just ended. */
export const answersAreTrue: Invariant = {
  name: 'a completed run has done what it says',
  look: async (stage) => await contradictions(stage, -6),
  conclude: async (stage) => await contradictions(stage, 0),
};

/** Of the runs from there on, in the order in which they were asked for. */
async function contradictions({ imprint, ledger }: Stage, from: number): Promise<readonly string[]> {
  const seen = taken(ledger)
    .filter(({ after }) => after !== undefined)
    .slice(from);
  const wrong = seen.map(async (asked) => {
    const record = await imprint.catalog.runs.find(asked.run);
    const why = record?.state === 'completed' ? contradiction(asked, record.ended) : undefined;
    return why === undefined ? [] : [`${asked.run} completed, and ${why}`];
  });
  return (await Promise.all(wrong)).flat();
}

function contradiction({ procedure, power, after }: Asked, ended: string | undefined): string | undefined {
  if (power !== undefined && after?.power !== power) return `the machine is ${after?.power ?? 'unknown'}`;
  // Whoever looks late sees what became of it, and not what it was.
  if (power === 'off' && ended !== undefined && (after?.offSince ?? 0) > Date.parse(ended)) {
    return 'the machine was off only later';
  }
  if (procedure === 'loadNode' && (after?.power !== 'on' || after.loaded === undefined)) {
    return 'the machine does not run what was loaded';
  }
  return undefined;
}
