import type { WorkflowHandle } from '@temporalio/client';
import { parseHeldPowerRequest, type HeldPowerRequest } from '../domain/held-power.ts';
import type { PowerReading } from '../domain/power.ts';
import { requireHold, whileOpen } from './answer.ts';

/** What is asked of the power of a node whose run waits: which action, who asks and why. */
export type HeldPowerGiven = Pick<HeldPowerRequest, 'action' | 'by' | 'reason'> & {
  /** For `off`: cut the power when the guest does not power off in 5 minutes. Default: false. */
  readonly force?: boolean;
  /** The hold that the run must wait at. Default: the one that is open. */
  readonly hold?: string;
};

export async function powerHeld(workflow: WorkflowHandle, given: HeldPowerGiven): Promise<PowerReading> {
  const hold = given.hold ?? (await requireHold(workflow)).id;
  const request = parseHeldPowerRequest({ ...given, hold });
  return await whileOpen(
    workflow,
    async () => await workflow.executeUpdate<PowerReading, [HeldPowerRequest]>('power', { args: [request] }),
  );
}
