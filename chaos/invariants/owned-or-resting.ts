import type { Invariant } from '../invariant.ts';
import { taken } from '../ledger.ts';
import type { Stage } from '../stage.ts';

/** A node is in a run's hands, and then that run owns it; or in a state in which it may stay, and then nobody does. */
export const ownedOrResting: Invariant = {
  name: 'every node owned or at rest',
  look: async (stage) => [...(await busyWithoutOwner(stage)), ...(await ownersThatAreOver(stage))],
  conclude: async (stage) => {
    const wrong: string[] = [];
    for (const { name, state } of await stage.imprint.catalog.computers.list()) {
      const owner = (await stage.imprint.catalog.claims.find(name))?.owner;
      if (owner === undefined && isBusy(state)) wrong.push(`${name} is ${state}, and no run owns it`);
      if (owner !== undefined && !(await waits(stage, owner)))
        wrong.push(`${name} is owned by ${owner}, which is over`);
    }
    return wrong;
  },
};

function isBusy(state: string): boolean {
  return state === 'capturing' || state === 'loading';
}

/** A run that waits for an operator keeps its node. */
async function waits({ imprint }: Stage, run: string): Promise<boolean> {
  const state: string | undefined = (await imprint.catalog.runs.find(run))?.state;
  return state === 'held' || state === 'parked';
}

async function busyWithoutOwner({ imprint }: Stage): Promise<readonly string[]> {
  const busy = (await imprint.catalog.computers.list()).filter(({ state }) => isBusy(state));
  const wrong: string[] = [];
  for (const { name } of busy) {
    if ((await imprint.catalog.claims.find(name)) !== undefined) continue;
    // It may have been given back between the two looks.
    const { state } = await imprint.catalog.computers.get(name);
    if (isBusy(state) && (await imprint.catalog.claims.find(name)) === undefined) {
      wrong.push(`${name} is ${state}, and no run owns it`);
    }
  }
  return wrong;
}

/** A run that has ended gave its node back before it did. */
async function ownersThatAreOver(stage: Stage): Promise<readonly string[]> {
  const { claims, runs } = stage.imprint.catalog;
  const wrong: string[] = [];
  for (const { run, node } of taken(stage.ledger).slice(-24)) {
    const state: string | undefined = (await runs.find(run))?.state;
    const isOver = state === 'completed' || state === 'failed' || state === 'cancelled';
    if (isOver && (await claims.find(node))?.owner === run) wrong.push(`${node} is owned by ${run}, which is ${state}`);
  }
  return wrong;
}
