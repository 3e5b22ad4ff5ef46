import { setCurrentDetails, sleep } from '@temporalio/workflow';
import type { MachineGone, NodeReservation, ReclaimNodeInput } from '../domain/node-reservation.ts';
import type { StepInput } from '../domain/step-input.ts';
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
    const { managementNode, reservation, gone } = claimed;

    if (reservation !== undefined) {
      // 2. Let the user out, unless an operator says that the machine is gone.
      steps.stopIfCancelled();
      if (gone === undefined) await letOut(steps, managementNode, reservation);
      else steps.leaveOut({ number: '2', title: `Let ${reservation.user} out` }, whyLeftOut(gone));

      // 3. Record that nobody has it.
      await recordNobody(steps, reservation, gone);
    }

    // 4. Release the claim, record the outcome, notify.
    await releaseNode(steps, '4', stateAfter(claimed));
    await recordOutcome(steps, 'completed', `${node}: ${outcomeOf(claimed)}`);
  });
}

/** What step 1 has found. */
interface ToTakeBack {
  readonly reservation?: NodeReservation;
  readonly gone?: MachineGone;
}

async function letOut(steps: Steps, managementNode: string, reservation: NodeReservation): Promise<void> {
  const close = `Let ${reservation.user} out`;
  await steps.take(
    '2',
    close,
    async (step) => await onNode(managementNode, 'guest', close).closeAccess({ ...step, reservation }),
    { noUndo: 'Sessions that were ended do not come back; whoever needs the node reserves it again.' },
  );
}

/** Should a machine that is gone come back after all, it is looked at and loaded before anybody gets it. */
async function recordNobody(steps: Steps, reservation: NodeReservation, gone: MachineGone | undefined): Promise<void> {
  const what = `Record that nobody has ${steps.node}`;
  const record = async (step: StepInput) =>
    gone === undefined
      ? await catalog(what).recordReservation(step)
      : await catalog(what).giveUpReservation({ ...step, reservation, gone });
  await steps.take('3', what, record, { noUndo: 'It is true.' });
}

function whyLeftOut({ by, reason }: MachineGone): string {
  return `${by} says that the machine is gone: ${reason}`;
}

function stateAfter({ reservation, gone }: ToTakeBack): 'previous' | 'available' | 'maintenance' {
  if (reservation === undefined) return 'previous';
  return gone === undefined ? 'available' : 'maintenance';
}

function outcomeOf({ reservation, gone }: ToTakeBack): string {
  if (reservation === undefined) return 'there was no such reservation';
  const takenBack = `taken back from ${reservation.user}`;
  return gone === undefined ? takenBack : `${takenBack}, who was not let out: ${whyLeftOut(gone)}`;
}

/** What is no time is refused by the first step. */
async function sleepUntil(at: string | undefined): Promise<void> {
  const wait = Date.parse(at ?? '') - Date.now();
  if (!(wait > 0)) return;
  setCurrentDetails(`Waits until ${at ?? ''}`);
  await sleep(wait);
}
