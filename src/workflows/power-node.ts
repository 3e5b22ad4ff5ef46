import type { PowerNodeInput } from '../domain/inputs.ts';
import type { PowerReading } from '../domain/power.ts';
import { catalog, onNode } from './activities.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
import { releaseNode } from './release-node.ts';
import { requireInput } from './require-input.ts';
import { takeClaim } from './take-claim.ts';
import { Steps } from './steps.ts';

/** Powers a node on or off, or resets it, and reads that it happened. Procedure: docs/procedures/power-node.md */
export async function powerNode(input: PowerNodeInput): Promise<PowerReading> {
  const { node, action } = requireInput(input);
  const steps = new Steps(node, `Power ${action} ${node}`);

  return await runProcedure(steps, async () => {
    // 1. Claim the node.
    const { managementNode } = await takeClaim(steps, {
      claim: async (step) => await catalog(`Claim ${node}`).claimForPower({ ...step, input }),
      release: async (step) => await catalog(`Release ${node}`).releaseNode({ ...step, state: 'previous' }),
    });

    // 2. Ask for the power, and read until it is so.
    const reading = await steps.take(
      '2',
      `Power ${action} ${node}`,
      async (step) =>
        await onNode(managementNode, 'poll', `Power ${action} ${node}`).setPower({
          ...step,
          action,
          force: input.force,
        }),
      { noUndo: 'Whoever asked for the power asks for the other state if it was wrong.' },
    );

    // 3. Release the claim, record the outcome, notify.
    await releaseNode(steps, '3', 'previous');
    await recordOutcome(steps, 'completed', `${node} reads ${reading.value}`);
    return reading;
  });
}
