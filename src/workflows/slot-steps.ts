import { workflowInfo } from '@temporalio/workflow';
import { catalog, onNode } from './activities.ts';
import type { Steps } from './steps.ts';

/** Step 2.1 of loadNode. Its undo is the last but the claim's, so that the slot is held until everything else was taken back. */
export async function waitForSlot(steps: Steps, prefix: string, { node }: { readonly node: string }): Promise<void> {
  // A run that waits for an operator keeps nobody else from loading.
  const step = { run: workflowInfo().workflowId, node };
  steps.whileHeld = {
    leave: async () => await catalog('Give the slot back while the run waits').leaveSlot(step),
    takeUp: async () =>
      await onNode(steps.managementNode, 'short', `Wait for a slot to load ${node}`).takeSlotAgain(step),
  };
  await steps.take(
    `${prefix}2.1`,
    'Wait for a slot',
    async (step) => await onNode(steps.managementNode, 'short', `Wait for a slot to load ${node}`).takeSlot(step),
    { undo: async (step) => await catalog('Give the slot back').releaseSlot(step) },
  );
}

/** Step 7.1: the node is READY, and what follows is no heavy work. */
export async function giveSlotBack(steps: Steps, prefix: string, node: string): Promise<void> {
  await steps.take(
    `${prefix}7.1`,
    'Give the slot back',
    async (step) => await catalog(`Give the slot of ${node} back`).releaseSlot(step),
    { noUndo: 'The undo of step 2.1 finds nothing left to give back.' },
  );
  steps.whileHeld = undefined;
}
