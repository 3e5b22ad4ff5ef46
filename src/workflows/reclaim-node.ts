import { setCurrentDetails, sleep } from '@temporalio/workflow';
import type { MachineGone, NodeReservation, ReclaimNodeInput } from '../domain/node-reservation.ts';
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
    const claimed = await takeClaim(steps, {
      claim: async (step) => await catalog(`Claim ${node}`).claimForReclaim({ ...step, input }),
      release: async (step) => await catalog(`Release ${node}`).releaseNode({ ...step, state: 'previous' }),
    });

    // 2 to 3. Let the user out; record that nobody has the node.
    const { leaves, outcome } = await takeBack(steps, claimed);

    // 4. Release the claim, record the outcome, notify.
    await releaseNode(steps, '4', leaves);
    await recordOutcome(steps, 'completed', `${node}: ${outcome}`);
  });
}

/** What step 1 has found. */
interface ToTakeBack {
  readonly managementNode: string;
  readonly reservation?: NodeReservation;
  readonly gone?: MachineGone;
}

/** In which state the node is left, and what came of it. */
interface TakenBack {
  readonly leaves: 'previous' | 'available' | 'maintenance';
  readonly outcome: string;
}

async function takeBack(steps: Steps, { managementNode, reservation, gone }: ToTakeBack): Promise<TakenBack> {
  if (reservation === undefined) return { leaves: 'previous', outcome: 'there was no such reservation' };
  steps.stopIfCancelled();
  if (gone !== undefined) return await giveUp(steps, reservation, gone);
  const close = `Let ${reservation.user} out`;
  await steps.take(
    '2',
    close,
    async (step) => await onNode(managementNode, 'guest', close).closeAccess({ ...step, reservation }),
    { noUndo: 'Sessions that were ended do not come back; whoever needs the node reserves it again.' },
  );
  const record = `Record that nobody has ${steps.node}`;
  await steps.take('3', record, async (step) => await catalog(record).recordReservation(step), {
    noUndo: 'It is true.',
  });
  return { leaves: 'available', outcome: `taken back from ${reservation.user}` };
}

/** Nobody can be let out on a machine that is gone. Should it come back it is looked at and loaded before anybody gets it. */
async function giveUp(steps: Steps, reservation: NodeReservation, gone: MachineGone): Promise<TakenBack> {
  const { user } = reservation;
  const why = `${gone.by} says that the machine is gone: ${gone.reason}`;
  steps.leaveOut({ number: '2', title: `Let ${user} out` }, why);
  const record = `Record that nobody has ${steps.node}`;
  await steps.take(
    '3',
    record,
    async (step) => await catalog(record).giveUpReservation({ ...step, reservation, gone }),
    { noUndo: 'It was asked for.' },
  );
  return { leaves: 'maintenance', outcome: `taken back from ${user}, who was not let out: ${why}` };
}

/** What is no time is refused by the first step. */
async function sleepUntil(at: string | undefined): Promise<void> {
  const wait = Date.parse(at ?? '') - Date.now();
  if (!(wait > 0)) return;
  setCurrentDetails(`Waits until ${at ?? ''}`);
  await sleep(wait);
}
