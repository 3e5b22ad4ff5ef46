import { patched } from '@temporalio/workflow';
import type { NamedRevision } from '../activities/claiming.ts';
import type { CaptureImageInput } from '../domain/inputs.ts';
import type { CapturePlanRequest } from '../domain/plan-request.ts';
import type { PlanStep } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { takesFromUser } from '../domain/taking-from-user.ts';
import { catalog, onNode } from './activities.ts';
import type { Capture } from './capture.ts';
import { captureWork, takePlanSteps } from './plan-steps.ts';
import { rescue } from './rescue.ts';
import { recordSearchAttributes } from './record-search-attributes.ts';
import { takeClaim } from './take-claim.ts';
import type { Steps } from './steps.ts';

/** What the activities need to know of the input. */
export function planRequest(revisionId: number, input: CaptureImageInput): CapturePlanRequest {
  const { allowForcedOff, shutdownSeconds, copyRateBytes, resumes } = input;
  return {
    revisionId,
    allowForcedOff,
    shutdownSeconds,
    ...(copyRateBytes === undefined ? {} : { copyRateBytes }),
    ...(resumes === undefined ? {} : { resumes }),
  };
}

/** Step 1. Answers with the checked input, its defaults filled in. */
export async function claimNode(
  steps: Steps,
  asked: CaptureImageInput,
): Promise<{ readonly input: CaptureImageInput }> {
  const { node } = asked;
  const claimed = await takeClaim(steps, {
    claim: async (step) => await catalog(`Claim ${node}`).claimForCapture({ ...step, input: asked }),
    release: async (step) => await catalog(`Release ${node}`).releaseNode({ ...step, state: steps.leaves }),
  });
  if (claimed.touched) steps.touch();
  // What another run has sealed is not booted while this one waits to look at it.
  if (claimed.input.resumes !== undefined) steps.power.keepFromBooting(`${node} may be sealed already`);
  recordSearchAttributes({ ImprintImage: claimed.input.image });
  return claimed;
}

/** Step 2. */
export async function reserveRevision(steps: Steps, input: CaptureImageInput): Promise<NamedRevision> {
  const what = `Reserve a revision of ${input.image}`;
  const reserve = async (step: StepInput) => await catalog(what).reserveRevision({ ...step, input });
  const revision = await steps.take('2', what, reserve, {
    undo: async (step) => await catalog(`Give up the reserved revision of ${input.image}`).abandonRevision(step),
    givesUp: 'what the run owns',
  });
  recordSearchAttributes({ ImprintRevision: revision.name });
  return revision;
}

/** Step 3. */
export async function checkNode({ steps, node, request }: Capture): Promise<void> {
  await steps.take(
    '3',
    `Check ${node}, its disks and the space in the library`,
    async (step) => await onNode(steps.managementNode, 'short', `Check ${node}`).checkCapture({ ...step, ...request }),
    { noUndo: 'It only reads.' },
  );
}

/** Step 4. */
export async function askForPlan({ steps, request }: Capture): Promise<readonly PlanStep[]> {
  return await steps.take(
    '4',
    'Ask the provisioner for its plan',
    async (step) =>
      await onNode(steps.managementNode, 'short', 'Plan the capture').planCapture({ ...step, ...request }),
    { noUndo: 'It only reads.' },
  );
}

/** Step 5. Its undo comes after those of all that is done in the directory, and ends what still works there. */
export async function openStaging(capture: Capture): Promise<void> {
  const { steps, request } = capture;
  await steps.take(
    '5',
    'Open the staging directory in the library',
    async (step) =>
      await onNode(steps.managementNode, 'short', 'Open the staging directory').openStaging({ ...step, ...request }),
    { undo: async (step) => await clearStaging(capture, step) },
  );
}

async function clearStaging({ steps, request, staged }: Capture, step: StepInput): Promise<void> {
  if (staged === 'partial') {
    const back = 'End the jobs and remove the staging directory';
    return await onNode(steps.managementNode, 'guest', back).removeStaging({ ...step, ...request });
  }
  const aside = onNode(steps.managementNode, 'guest', 'End the jobs and set the complete copy aside');
  const { keptIn } = await aside.keepStaging({ ...step, ...request });
  if (keptIn !== undefined) steps.keep(`the complete copy was not published and is kept in ${keptIn}`);
}

/**
 * Steps 5.1, 5.2 … Once preCapture begins, or a machine without an OS module is asked to power off, nobody can work on the node: an administrator must decide
 * what becomes of it. In the plan of a run that takes another up that may lie behind it already.
 */
export async function carryOutPlan(capture: Capture, plan: readonly PlanStep[]): Promise<void> {
  const { steps } = capture;
  const work = captureWork(steps, capture.request);
  let sealed = false;
  await takePlanSteps(steps, '5', plan, {
    ...work,
    act: async (step, planned) => {
      // Runs that asked a machine off before that counted go on as they began.
      if (takesFromUser(planned) && (planned.kind !== 'askOff' || patched('ask-off-touches'))) {
        steps.touch();
        steps.rescue = async (back) => await rescue(capture, sealed, back);
      }
      if (planned.kind === 'preCapture') steps.power.letBoot();
      else {
        steps.power.keepFromBooting(`${capture.node} is to stay as it is until its copy is published`);
      }
      if (planned.kind === 'seal' || planned.kind === 'proveOff') sealed = true;
      return await work.act(step, planned);
    },
  });
}
