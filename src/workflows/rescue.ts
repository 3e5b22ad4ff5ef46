import { ActivityFailure, isCancellation, patched } from '@temporalio/workflow';
import type { StepInput } from '../domain/step-input.ts';
import { catalog, onNode } from './activities.ts';
import type { Capture } from './capture.ts';
import { sentenceOf } from './failure-sentence.ts';

/**
 * Step 10: gives the machine of a capture that was given up back to its user, as far as that is possible: power on, host keys, postLoad; power
 * on alone where no OS module is involved. What preCapture has removed does not come back; the outcome of the run lists it.
 */
export async function rescue(capture: Capture, sealed: boolean, step: StepInput): Promise<void> {
  const { node, steps, revision } = capture;
  const { resumes } = capture.request;
  await onNode(steps.managementNode, 'poll', `Power on ${node}`).setPower({ ...step, action: 'on', force: false });
  if (revision.withoutSystem === true && patched('rescue-without-system'))
    return steps.keep(`${node} is powered on; nobody has looked at its system`);
  const learn = onNode(steps.managementNode, 'poll', `Wait for the host keys of ${node}`);
  if (sealed) await learn.learnHostKeys({ ...step, revisionId: revision.id });
  const missing = await prepare(capture, step);
  const { tasks } = await catalog('List what preCapture has done').listPrepared({
    ...step,
    ...(resumes === undefined ? {} : { resumes }),
  });
  const gone = tasks.length === 0 ? 'preCapture had done nothing yet' : `preCapture had done: ${tasks.join(', ')}`;
  steps.keep(`${node} is on again${missing}; ${gone}`);
}

/** A system that cannot be prepared is still its user's: the outcome says what is missing. */
async function prepare({ node, steps, revision }: Capture, step: StepInput): Promise<string> {
  try {
    await onNode(steps.managementNode, 'poll', `Prepare the system of ${node}`).postLoad({
      ...step,
      revisionId: revision.id,
    });
    return '';
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    return `, but postLoad failed: ${sentenceOf(error)}`;
  }
}
