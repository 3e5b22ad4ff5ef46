import { setCurrentDetails, sleep } from '@temporalio/workflow';
import type { ReclaimNodeInput } from '../domain/node-reservation.ts';
import { catalog, onNode } from './activities.ts';
import { recordOutcome, runProcedure } from './procedure.ts';
import { releaseNode } from './release-node.ts';
import { requireInput } from './require-input.ts';
import { takeClaim } from './take-claim.ts';
import { Steps } from './steps.ts';

/** Takes a node back from its user. Procedure: docs/procedures/reclaim-node.md */
export async function reclaimNode(input: ReclaimNodeInput): Promise<void> {
  const { node, at } = requireInput(input);
  await sleepUntil(at);
  const steps = new Steps(node, `Reclaim ${node}`);

  await runProcedure(steps, async () => {
    // 1. Claim the node.
    const { managementNode, reservation } = await takeClaim(steps, {
      claim: async (step) => await catalog(`Claim ${node}`).claimForReclaim({ ...step, input }),
      release: async (step) => await catalog(`Release ${node}`).releaseNode({ ...step, state: 'previous' }),
    });

    if (reservation !== undefined) {
      // 2. Let the user out.
      steps.stopIfCancelled();
      const close = `Let ${reservation.user} out`;
      await steps.take(
        '2',
        close,
        async (step) => await onNode(managementNode, 'guest', close).closeAccess({ ...step, reservation }),
        { noUndo: 'Sessions that were ended do not come back; whoever needs the node reserves it again.' },
      );

      // 3. Record that nobody has it.
      const record = `Record that nobody has ${node}`;
      await steps.take('3', record, async (step) => await catalog(record).recordReservation(step), {
        noUndo: 'It is true.',
      });
    }

    // 4. Release the claim, record the outcome, notify.
    await releaseNode(steps, '4', reservation === undefined ? 'previous' : 'available');
    const outcome = reservation === undefined ? 'there was no such reservation' : `taken back from ${reservation.user}`;
    await recordOutcome(steps, 'completed', `${node}: ${outcome}`);
  });
}

/** What is no time is refused by the first step. */
async function sleepUntil(at: string | undefined): Promise<void> {
  const wait = Date.parse(at ?? '') - Date.now();
  if (!(wait > 0)) return;
  setCurrentDetails(`Waits until ${at ?? ''}`);
  await sleep(wait);
}
