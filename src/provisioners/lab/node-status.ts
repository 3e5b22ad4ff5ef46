import type { Computer } from '../../domain/computer.ts';
import { ImprintError } from '../../domain/errors.ts';
import { decideStatus, type NodeObservation, type NodeStatus } from '../../domain/node-status.ts';
import type { Revision } from '../../domain/image.ts';
import type { PowerReading } from '../../domain/power.ts';
import type { ComputerPower } from '../../power/power-module.ts';
import type { NodeContext } from '../provisioner.ts';

/** The answer of node_status for a lab machine: only the machine itself says what is on it, over SSH; its power decides nothing. */
export async function labNodeStatus(
  power: ComputerPower,
  computer: Computer,
  expected: Revision | undefined,
  context: NodeContext,
): Promise<NodeStatus> {
  const seen = await context.observe();
  const { rpower, why } = await lookAtPower(power, computer, context);
  const { status, reason } = decideStatus(seen, expected);
  const currentimage = seen.currentImage?.name;
  return {
    status,
    ...(seen.ssh ? { ping: true } : {}),
    ssh: seen.ssh,
    ...(rpower === undefined ? {} : { rpower }),
    ...(currentimage === undefined ? {} : { currentimage }),
    reasons: {
      status: reason,
      ping: seen.ssh ? 'an SSH session was opened' : 'not tried: a firewall of the site may drop it',
      ssh: seen.reason,
      rpower: why,
      currentimage: currentimageReason(seen),
    },
  };
}

/** A controller that does not answer is a reason, and no failure: the status does not depend on it. */
async function lookAtPower(
  power: ComputerPower,
  computer: Computer,
  context: NodeContext,
): Promise<{ readonly rpower?: PowerReading; readonly why: string }> {
  if (!power.has(computer)) return { why: 'it has no power module: it is powered by hand' };
  try {
    const rpower = await power.read(computer, context);
    return { rpower, why: rpower.raw };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof ImprintError)) throw error;
    return { why: `could not be read: ${context.wordsOf(error)}` };
  }
}

function currentimageReason(seen: NodeObservation): string {
  if (!seen.ssh) return 'not read: there was no SSH session';
  return seen.currentImage === undefined ? 'there is no currentimage.txt' : 'currentimage.txt names it';
}
