import type { CaptureImageInput } from '../domain/inputs.ts';
import {
  askForPlan,
  carryOutPlan,
  checkNode,
  claimNode,
  openStaging,
  planRequest,
  reserveRevision,
} from './capture-preparation.ts';
import type { Capture } from './capture.ts';
import { checkSeal, computeChecksums, publish, verifyStructure } from './capture-publication.ts';
import { giveBack } from './give-back.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
import { releaseNode } from './release-node.ts';
import { onFailureOf, requireInput } from './require-input.ts';
import { Steps } from './steps.ts';

/** What captureImage answers. */
export interface CaptureImageResult {
  readonly image: string;
  readonly revision: number;
  readonly revisionId: number;
  readonly sizeBytes: number;
}

/**
 * Captures what a configured node holds as a new revision of an image. Procedure: docs/procedures/capture-image.md
 *
 * Until step 7 a failure or a cancellation unwinds everything but what preCapture removed; from step 7 on the revision stays.
 */
export async function captureImage(asked: CaptureImageInput): Promise<CaptureImageResult> {
  const { node, image } = requireInput(asked);
  const steps = new Steps(node, `Capture ${node} as ${image}`, onFailureOf(asked));

  return await runProcedure(steps, async () => {
    // 1. Claim the node.
    const { input } = await claimNode(steps, asked);

    // 2. Choose the revision number and reserve it.
    const revision = await reserveRevision(steps, input);
    const request = planRequest(revision.id, input);
    const capture: Capture = { steps, node, revision, request, staged: 'partial' };

    const proved = await steps.movable(async () => {
      // 3. Check what could stand in the way.
      await checkNode(capture);

      // 4. Ask the provisioner for its plan.
      const plan = await askForPlan(capture);

      // 5. Carry the plan out: prepare and seal the system, prove it off, copy its disks into staging.
      await openStaging(capture);
      await carryOutPlan(capture, plan);

      // 6. Verify the copy: structure, checksum, seal.
      await verifyStructure(capture);
      const disks = await computeChecksums(capture);
      const seal = await checkSeal(capture);
      return { disks, seal };
    });

    // 7. Publish: the point of no return.
    const { sizeBytes } = await publish(capture, proved);

    // 8. Give the node back.
    const withoutSystem = revision.withoutSystem === true;
    const staysOn = proved.seal.cleanShutdown.kind === 'none';
    const given = { node, after: input.after, revisionId: revision.id, withoutSystem, staysOn };
    const state = await giveBack(steps, given);

    // 9. Release the claim, record the outcome, notify.
    await releaseNode(steps, '9', state);
    await recordOutcome(
      steps,
      'completed',
      `${revision.name} published, ${String(sizeBytes)} bytes; ${node} is ${state === 'previous' ? 'as it was' : state}`,
    );
    return { image, revision: revision.revision, revisionId: revision.id, sizeBytes };
  });
}
