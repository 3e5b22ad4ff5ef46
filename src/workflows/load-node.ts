import type { LoadNodeInput } from '../domain/inputs.ts';
import { catalog } from './activities.ts';
import { loadOnto, type LoadTarget } from './load-onto.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
import { releaseNode } from './release-node.ts';
import { onFailureOf, requireInput } from './require-input.ts';
import { recordSearchAttributes } from './record-search-attributes.ts';
import { takeClaim } from './take-claim.ts';
import { Steps } from './steps.ts';

/** What loadNode answers. */
export interface LoadNodeResult {
  readonly image: string;
  readonly revision: number;
  readonly revisionId: number;
  /** READY: it was loaded already. POST_LOAD: only postLoad was missing. RELOAD: it was loaded anew. */
  readonly found: string;
}

/** Loads a revision of an image onto a node. Procedure: docs/procedures/load-node.md */
export async function loadNode(input: LoadNodeInput): Promise<LoadNodeResult> {
  const { node } = requireInput(input);
  const steps = new Steps(node, `Load ${input.image} onto ${node}`, onFailureOf(input));

  return await runProcedure(steps, async () => {
    // 1. Claim the node.
    const { revision, hostKeys, touched } = await takeClaim(steps, {
      claim: async (step) => await catalog(`Claim ${node}`).claimForLoad({ ...step, input }),
      release: async (step) => await catalog(`Release ${node}`).releaseNode({ ...step, state: steps.leaves }),
    });
    if (touched) steps.touch();
    recordSearchAttributes({ ImprintImage: revision.image, ImprintRevision: revision.name });

    // 2 to 8. Status, copy, outgoing system, the provisioner's plan, postLoad, READY, record.
    const target: LoadTarget = {
      node,
      revisionId: revision.id,
      withoutSystem: revision.withoutSystem === true,
      outgoingHostKeys: hostKeys,
    };
    const found = await steps.movable(async () => await loadOnto(steps, '', target));

    // 9. Release the claim, record the outcome, notify.
    await releaseNode(steps, '9', 'available');
    await recordOutcome(steps, 'completed', `${revision.name} is READY on ${node}`);
    return { image: revision.image, revision: revision.revision, revisionId: revision.id, found };
  });
}
