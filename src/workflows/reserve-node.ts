import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import {
  describeReservation,
  type NodeReservation,
  type ReclaimNodeInput,
  type ReserveNodeInput,
} from '../domain/node-reservation.ts';
import { catalog, onNode } from './activities.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
import { releaseNode } from './release-node.ts';
import { requireInput } from './require-input.ts';
import { takeClaim } from './take-claim.ts';
import { sharedQueue } from './task-queues.ts';
import { Steps } from './steps.ts';

/** Hands a node that is READY to a user, who reaches it from one address. Procedure: docs/procedures/reserve-node.md */
export async function reserveNode(input: ReserveNodeInput): Promise<NodeReservation> {
  const { node, user } = requireInput(input);
  const steps = new Steps(node, `Reserve ${node} for ${user}`);

  return await runProcedure(steps, async () => {
    // 1. Claim the node.
    const { managementNode, reservation, before } = await takeClaim(steps, {
      claim: async (step) => await catalog(`Claim ${node}`).claimForReservation({ ...step, input }),
      release: async (step) => await catalog(`Release ${node}`).releaseNode({ ...step, state: steps.leaves }),
    });

    // 2. Check that it is READY, and what could stand in the user's way.
    await steps.take(
      '2',
      `Check that ${node} is READY`,
      async (step) => await onNode(managementNode, 'guest', `Check ${node}`).checkHandOver({ ...step, reservation }),
      { noUndo: 'It only reads.' },
    );

    // 3. Record for whom it is reserved, and arrange its end.
    const record = `Record that ${node} is reserved for ${user}`;
    await steps.take(
      '3',
      record,
      async (step) => {
        await catalog(record).recordReservation({ ...step, reservation });
        await arrangeEnd(node, reservation);
      },
      {
        undo: async (step) =>
          await catalog(`Record for whom ${node} was reserved before`).recordReservation({
            ...step,
            ...(before === undefined ? {} : { reservation: before }),
          }),
      },
    );

    // 4. Let the user in.
    steps.stopIfCancelled();
    const open = `Let ${user} in from ${reservation.from}`;
    await steps.take(
      '4',
      open,
      async (step) => await onNode(steps.managementNode, 'guest', open).openAccess({ ...step, reservation }),
      {
        undo: async (step) => {
          const undo = onNode(steps.managementNode, 'guest', `Let ${user} out`);
          if (before === undefined) await undo.closeAccess({ ...step, reservation });
          else await undo.openAccess({ ...step, reservation: before });
        },
      },
    );

    // 5. Release the claim, record the outcome, notify.
    await releaseNode(steps, '5', 'inuse');
    await recordOutcome(steps, 'completed', describeReservation(node, reservation));
    return reservation;
  });
}

/** A run of its own, which sleeps until then. Where there is no such reservation any more it changes nothing, so nothing takes it back. */
async function arrangeEnd(node: string, { run, until }: NodeReservation): Promise<void> {
  if (until === undefined) return;
  const input: ReclaimNodeInput = { node, by: `the end of ${run}`, reservedBy: run, at: until };
  try {
    await startChild('reclaimNode', {
      workflowId: `reclaimNode/${node}/end-${workflowInfo().workflowId.split('/').at(-1) ?? ''}`,
      taskQueue: sharedQueue,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Reclaim ${node} at ${until}`,
    });
  } catch (error) {
    // An earlier execution of this run, which was reset in Temporal, has arranged it.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
