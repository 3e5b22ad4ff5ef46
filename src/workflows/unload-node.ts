import type { NodeInput } from '../domain/inputs.ts';
import { catalog, onNode } from './activities.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
import { releaseNode } from './release-node.ts';
import { requireInput } from './require-input.ts';
import { takeClaim } from './take-claim.ts';
import { Steps } from './steps.ts';

/** Takes whatever is loaded off a node. Procedure: docs/procedures/unload-node.md */
export async function unloadNode(input: NodeInput): Promise<void> {
  const { node } = requireInput(input);
  const steps = new Steps(node, `Unload ${node}`);

  await runProcedure(steps, async () => {
    // 1. Claim the node.
    const { managementNode } = await takeClaim(steps, {
      claim: async (step) => await catalog(`Claim ${node}`).claimForUnload({ ...step, input }),
      release: async (step) => await catalog(`Release ${node}`).releaseNode({ ...step, state: steps.leaves }),
    });

    // 2. Check what could stand in the way.
    await steps.take(
      '2',
      'Check what could stand in the way',
      async (step) => await onNode(managementNode, 'short', `Check ${node}`).checkUnload(step),
      { noUndo: 'It only reads.' },
    );

    // 3. Take the system off the node.
    steps.stopIfCancelled();
    steps.touch();
    await steps.take(
      '3',
      `Take the system off ${node}`,
      async (step) => await onNode(managementNode, 'guest', `Unload ${node}`).unload(step),
      { noUndo: 'What is deleted was a clone of an image, or was asked to go; what must be kept is not touched.' },
    );

    // 4. Record that nothing is loaded.
    await steps.take(
      '4',
      `Record that nothing is loaded on ${node}`,
      async (step) => await catalog(`Record that nothing is loaded on ${node}`).recordUnloaded(step),
      { noUndo: 'It is true.' },
    );

    // 5. Release the claim, record the outcome, notify.
    await releaseNode(steps, '5', 'available');
    await recordOutcome(steps, 'completed', `nothing is loaded on ${node}`);
  });
}
