import { CancellationScope } from '@temporalio/workflow';
import type { CaptureImageInput } from '../domain/inputs.ts';
import { catalog, onNode } from './activities.ts';
import { giveBack } from './give-back.ts';
import { captureWork, takePlanSteps } from './plan-steps.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
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
  const { node, image } = asked;
  const steps = new Steps(node, `Capture ${node} as ${image}`);
  let sealed = false;

  return await runProcedure(steps, async () => {
    // 1. Claim the node.
    const { managementNode, input } = await steps.take(
      '1',
      `Claim ${node}`,
      async (step) => await catalog(`Claim ${node}`).claimForCapture({ ...step, input: asked }),
      // Once preCapture began, the system has lost its users: an administrator must decide what becomes of it.
      {
        undo: async (step) =>
          await catalog(`Release ${node}`).releaseNode({
            ...step,
            state: sealed || steps.stuck.length > 0 ? 'maintenance' : 'previous',
          }),
      },
    );

    // 2. Choose the revision number and reserve it.
    const revision = await steps.take(
      '2',
      `Reserve a revision of ${image}`,
      async (step) => await catalog(`Reserve a revision of ${image}`).reserveRevision({ ...step, input }),
      { undo: async (step) => await catalog(`Give up the reserved revision of ${image}`).abandonRevision(step) },
    );
    const request = {
      revisionId: revision.id,
      allowForcedOff: input.allowForcedOff,
      shutdownSeconds: input.shutdownSeconds,
      ...(input.copyRateBytes === undefined ? {} : { copyRateBytes: input.copyRateBytes }),
    };

    // 3. Check what could stand in the way.
    await steps.take(
      '3',
      `Check ${node}, its disks and the space in the library`,
      async (step) => await onNode(managementNode, 'short', `Check ${node}`).checkCapture({ ...step, ...request }),
      { noUndo: 'It only reads.' },
    );

    // 4. Ask the provisioner for its plan.
    const plan = await steps.take(
      '4',
      'Ask the provisioner for its plan',
      async (step) => await onNode(managementNode, 'short', 'Plan the capture').planCapture({ ...step, ...request }),
      { noUndo: 'It only reads.' },
    );

    // 5. Carry the plan out: prepare and seal the system, prove it off, copy its disks into staging.
    await steps.take(
      '5',
      'Open the staging directory in the library',
      async (step) =>
        await onNode(managementNode, 'short', 'Open the staging directory').openStaging({ ...step, ...request }),
      {
        undo: async (step) =>
          await onNode(managementNode, 'guest', 'End the jobs and remove the staging directory').removeStaging({
            ...step,
            ...request,
          }),
      },
    );
    const work = captureWork(managementNode, request);
    await takePlanSteps(steps, '5', plan, {
      ...work,
      act: async (step, planned) => {
        sealed ||= planned.kind === 'preCapture';
        return await work.act(step, planned);
      },
    });

    // 6. Verify the copy: structure, checksum, seal.
    await steps.take(
      '6.1',
      'Check the structure of the copy',
      async (step) =>
        await onNode(managementNode, 'guest', 'Check the structure of the copy').verifyStructure({
          ...step,
          ...request,
        }),
      { noUndo: 'It only reads.' },
    );
    const disks = await steps.take(
      '6.2',
      'Compute the checksums',
      async (step) =>
        await onNode(managementNode, 'long', `Checksums of ${revision.name}`).checksumDisks({ ...step, ...request }),
      { noUndo: 'Its jobs end with the staging directory, by the undo of step 5.' },
    );
    const seal = await steps.take(
      '6.3',
      'Check the seal without booting the copy',
      async (step) => await onNode(managementNode, 'guest', 'Check the seal').checkSeal({ ...step, ...request }),
      { noUndo: 'It only reads.' },
    );

    // 7. Publish: the point of no return. Shielded, so that a cancellation never leaves a complete copy half published.
    steps.stopIfCancelled();
    const published = await CancellationScope.nonCancellable(async () => {
      const copy = await steps.take(
        '7.1',
        `Move ${revision.name} from staging into the library`,
        async (step) =>
          await onNode(managementNode, 'short', `Publish ${revision.name}`).publishCopy({
            ...step,
            ...request,
            disks,
            seal,
          }),
        { onlyForward: 'Publishing is the point of no return: nothing automatic deletes a complete copy.' },
      );
      steps.pointOfNoReturn(['1']);
      await steps.take(
        '7.2',
        `Make ${revision.name} available`,
        async (step) =>
          await onNode(managementNode, 'short', `Make ${revision.name} available`).publishRevision({
            ...step,
            ...request,
            copy,
          }),
        { onlyForward: 'The revision stays.' },
      );
      await steps.take(
        '7.3',
        'Clear the jobs of the run',
        async (step) =>
          await onNode(managementNode, 'short', 'Clear the jobs of the run').clearJobs({ ...step, ...request }),
        { noUndo: 'They are done.' },
      );
      return copy;
    });

    // 8. Give the node back.
    const state = await giveBack(steps, { managementNode, node, after: input.after, revisionId: revision.id });

    // 9. Release the claim, record the outcome, notify.
    await steps.take(
      '9',
      `Release ${node} and record the outcome`,
      async (step) => await catalog(`Release ${node}`).releaseNode({ ...step, state }),
      { onlyForward: 'The run is over.' },
    );
    await recordOutcome(
      'completed',
      `${revision.name} published, ${String(published.sizeBytes)} bytes; ${node} is ${state}`,
    );
    return { image, revision: revision.revision, revisionId: revision.id, sizeBytes: published.sizeBytes };
  });
}
