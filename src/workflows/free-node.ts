import type { FreeNodeInput } from '../domain/inputs.ts';
import { catalog } from './activities.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
import { releaseNode } from './release-node.ts';
import { requireInput } from './require-input.ts';
import { takeClaim } from './take-claim.ts';
import { Steps } from './steps.ts';

/** Gives a node free that a run, which is over, has left behind. Procedure: docs/procedures/free-node.md */
export async function freeNode(asked: FreeNodeInput): Promise<void> {
  const { node } = requireInput(asked);
  const steps = new Steps(node, `Release ${node}`);

  await runProcedure(steps, async () => {
    // 1. Claim the node: what the run that is over has left is proved dead and taken back.
    const { input, state } = await takeClaim(steps, {
      claim: async (step) => await catalog(`Claim ${node}`).claimToFree({ ...step, input: asked }),
      release: async (step) => await catalog(`Release ${node}`).releaseNode({ ...step, state: 'previous' }),
    });

    // 2. Record who gives it free, and why.
    const what = `Record who gives ${node} free`;
    await steps.take('2', what, async (step) => await catalog(what).recordRelease({ ...step, input }), {
      noUndo: 'It was asked for.',
    });

    // 3. Release the claim, record the outcome, notify.
    const asLeft = input.state === 'asLeft';
    await releaseNode(steps, '3', asLeft ? 'previous' : state);
    await recordOutcome(steps, 'completed', asLeft ? `${node} is as its run left it` : `${node} is ${state}`);
  });
}
