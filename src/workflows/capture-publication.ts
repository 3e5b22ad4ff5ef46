import { CancellationScope } from '@temporalio/workflow';
import type { CheckedDisk, CheckedSeal } from '../activities/verify-and-publish.ts';
import type { RevisionCopy } from '../domain/image.ts';
import { onNode } from './activities.ts';
import type { Capture } from './capture.ts';

/** What was proved of the staged copy. */
export interface Proved {
  readonly disks: readonly CheckedDisk[];
  readonly seal: CheckedSeal;
}

/** Step 6.1. */
export async function verifyStructure({ steps, request }: Capture): Promise<void> {
  const what = 'Check the structure of the copy';
  await steps.take(
    '6.1',
    what,
    async (step) => await onNode(steps.managementNode, 'guest', what).verifyStructure({ ...step, ...request }),
    { noUndo: 'It only reads.' },
  );
}

/** Step 6.2. */
export async function computeChecksums(capture: Capture): Promise<readonly CheckedDisk[]> {
  const { steps, request, revision } = capture;
  return await steps.take(
    '6.2',
    'Compute the checksums',
    async (step) =>
      await onNode(steps.managementNode, 'long', `Checksums of ${revision.name}`).checksumDisks({
        ...step,
        ...request,
      }),
    { noUndo: 'Its jobs end with the staging directory, by the undo of step 5.' },
  );
}

/** Step 6.3. */
export async function checkSeal({ steps, request }: Capture): Promise<CheckedSeal> {
  return await steps.take(
    '6.3',
    'Check the seal without booting the copy',
    async (step) => await onNode(steps.managementNode, 'guest', 'Check the seal').checkSeal({ ...step, ...request }),
    { noUndo: 'It only reads.' },
  );
}

/** Step 7: the point of no return. Where it is refused for good, the copy is set aside and not deleted. Shielded, so that a cancellation never leaves a complete copy half published. */
export async function publish(capture: Capture, proved: Proved): Promise<RevisionCopy> {
  capture.steps.stopIfCancelled();
  return await CancellationScope.nonCancellable(async () => {
    capture.staged = 'proved';
    capture.steps.pointOfNoReturn(['1', '2', '5']);
    const copy = await moveIntoLibrary(capture, proved);
    capture.steps.pointOfNoReturn(['1']);
    capture.steps.keep(`${capture.revision.name} is published and stays`);
    await makeAvailable(capture, copy);
    await clearJobs(capture);
    return copy;
  });
}

async function moveIntoLibrary(capture: Capture, proved: Proved): Promise<RevisionCopy> {
  const { steps, request, revision } = capture;
  return await steps.take(
    '7.1',
    `Move ${revision.name} from staging into the library`,
    async (step) =>
      await onNode(steps.managementNode, 'short', `Publish ${revision.name}`).publishCopy({
        ...step,
        ...request,
        ...proved,
      }),
    {
      onlyForward: 'Publishing is the point of no return: nothing automatic deletes a complete copy.',
      orGivenUp: 'The complete copy is set aside, by the undo of step 5.',
    },
  );
}

async function makeAvailable(capture: Capture, copy: RevisionCopy): Promise<void> {
  const { steps, request, revision } = capture;
  const what = `Make ${revision.name} available`;
  await steps.take(
    '7.2',
    what,
    async (step) => await onNode(steps.managementNode, 'short', what).publishRevision({ ...step, ...request, copy }),
    { onlyForward: 'The revision stays.' },
  );
}

async function clearJobs({ steps, request }: Capture): Promise<void> {
  const what = 'Clear the jobs of the run';
  await steps.take(
    '7.3',
    what,
    async (step) => await onNode(steps.managementNode, 'short', what).clearJobs({ ...step, ...request }),
    { noUndo: 'They are done.', skippable: { without: 'their directories stay', instead: undefined } },
  );
}
