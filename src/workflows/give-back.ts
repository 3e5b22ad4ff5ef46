import { CancellationScope } from '@temporalio/workflow';
import type { ComputerState } from '../domain/computer.ts';
import type { AfterCapture } from '../domain/run.ts';
import { onNode } from './activities.ts';
import { learnHostKeys, loadOnto, prepareLoaded } from './load-onto.ts';
import type { Steps } from './steps.ts';

/** Which captured node, and what its operator wants to become of it. */
export interface GiveBackRequest {
  readonly node: string;
  readonly after: AfterCapture;
  readonly revisionId: number;
  readonly withoutSystem: boolean;
  /** Whether the capture shut nothing down: a service, or a system that ran while it was copied. */
  readonly staysOn: boolean;
}

/** Step 8 of captureImage. Returns the state in which the node is left: `previous` where the capture has changed nothing of it. */
export async function giveBack(steps: Steps, request: GiveBackRequest): Promise<ComputerState | 'previous'> {
  switch (request.after) {
    case 'leaveOff':
      return request.staysOn ? 'previous' : 'available';
    case 'powerOn':
      await (request.staysOn ? prepareLoaded(steps, '8.', request, 'found on the node') : powerOnAgain(steps, request));
      return 'inuse';
    case 'reload':
      await loadOnto(steps, '8.', request);
      return 'available';
  }
}

/** What Apache VCL calls a checkpoint: the captured system goes on where it was, prepared as a loaded one is. */
async function powerOnAgain(steps: Steps, request: GiveBackRequest): Promise<void> {
  // Sealing removed the host keys; the first boot makes new ones. Shielded: a run that is cancelled between the two would leave a system whose keys
  // nobody knows, and which nobody could capture again.
  steps.stopIfCancelled();
  await CancellationScope.nonCancellable(async () => {
    await powerOn(steps, request);
    if (!request.withoutSystem) await learnHostKeys(steps, '8.', request);
  });
  await prepareLoaded(steps, '8.', request, 'found on the node');
}

async function powerOn(steps: Steps, { node }: GiveBackRequest): Promise<void> {
  await steps.take(
    '8.5',
    `Power on ${node}`,
    async (step) =>
      await onNode(steps.managementNode, 'poll', `Power on ${node}`).setPower({ ...step, action: 'on', force: false }),
    { noUndo: 'The copy is published, so the sealed system may boot; a failure leaves it on, in maintenance.' },
  );
}
