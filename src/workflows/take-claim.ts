import type { Claimed, LeftByOther, NodeDriver } from '../activities/claiming.ts';
import type { StepInput } from '../domain/step-input.ts';
import { onNode } from './activities.ts';
import { recordNode } from './record-search-attributes.ts';
import type { Steps } from './steps.ts';

/** How a procedure claims its node, and gives it back when it fails. */
export interface Claiming<Answer extends NodeDriver> {
  claim(step: StepInput): Promise<Claimed<Answer>>;
  release(step: StepInput): Promise<unknown>;
}

/**
 * Step 1 of every procedure that claims its node. Where the node is still owned by a run that is over, that run is proved dead first, on the
 * node's management node, as step 1.1.
 */
export async function takeClaim<Answer extends NodeDriver>(
  steps: Steps,
  { claim, release }: Claiming<Answer>,
): Promise<Answer> {
  const claimOrTakeOver = async (step: StepInput): Promise<Answer> => {
    for (;;) {
      const answer = await claim(step);
      if (!isLeft(answer)) return answer;
      await takeOver(steps, answer);
    }
  };
  const answer = await steps.take('1', `Claim ${steps.node}`, claimOrTakeOver, {
    undo: release,
    givesUp: 'what the run owns',
  });
  if (answer.because !== undefined) steps.remark('1', answer.because);
  steps.power.drivenBy(answer.managementNode);
  recordNode(steps.node, answer);
  return answer;
}

function isLeft<Answer extends object>(answer: Claimed<Answer>): answer is LeftByOther {
  return 'over' in answer;
}

async function takeOver(steps: Steps, { managementNode, over }: LeftByOther): Promise<void> {
  const what = `Take ${steps.node} over from ${over}, which is over`;
  await steps.take(
    '1.1',
    what,
    async (step) => await onNode(managementNode, 'guest', what).takeOver({ ...step, over }),
    { noUndo: 'What the other run has left is taken back; the claim itself is released by step 1.' },
  );
}
