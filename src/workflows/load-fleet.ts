import {
  describeFleet,
  everyNode,
  type AdmittedFleet,
  type FleetMember,
  type FleetSummary,
  type LoadFleetInput,
} from '../domain/fleet.ts';
import { catalog } from './activities.ts';
import { loadMembers } from './load-members.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
import { requireInput } from './require-input.ts';
import { Steps } from './steps.ts';

/**
 * Loads one revision onto many nodes, each by a run of its own. Procedure: docs/procedures/load-fleet.md
 *
 * A node that cannot be loaded fails for itself: the fleet completes, and its answer says what came of each. A cancellation keeps what has not begun from
 * beginning, asks the runs under way to stop, and waits until they have taken their steps back.
 */
export async function loadFleet(asked: LoadFleetInput): Promise<FleetSummary> {
  const { image, nodes } = requireInput(asked);
  const count = Array.isArray(nodes) ? nodes.length : 0;
  const steps = new Steps(everyNode, `Load ${image} onto ${String(count)} nodes`);

  return await runProcedure(steps, async () => {
    // 1. Check the nodes and the image.
    const fleet = await admit(steps, asked);

    // 2. Load each node.
    const members = await loadMembers(steps, fleet);
    const summary = { image: fleet.image, revision: fleet.revision, members };
    steps.pointOfNoReturn([]);
    steps.keep(describeFleet(summary));
    steps.stopIfCancelled();

    // 3. Sum up, record the outcome.
    await sumUp(steps, summary);
    await recordOutcome(steps, stateOf(members), describeFleet(summary));
    return summary;
  });
}

async function admit(steps: Steps, input: LoadFleetInput): Promise<AdmittedFleet> {
  const what = 'Check the nodes and the image';
  return await steps.take('1', what, async (step) => await catalog(what).admitFleet({ ...step, input }), {
    noUndo: 'It only reads.',
  });
}

async function sumUp(steps: Steps, summary: FleetSummary): Promise<void> {
  await steps.take('3', 'Sum up', async (step) => await catalog('Sum up').sumUpFleet({ ...step, summary }), {
    onlyForward: 'The runs of the nodes are over.',
  });
}

function stateOf(members: readonly FleetMember[]): 'completed' | 'failed' {
  return members.every(({ state }) => state === 'loaded') ? 'completed' : 'failed';
}
