import type { Computer } from '../../domain/computer.ts';
import { decideStatus, type NodeObservation, type NodeStatus } from '../../domain/node-status.ts';
import type { Revision } from '../../domain/image.ts';
import type { NodeContext } from '../provisioner.ts';

/** The answer of node_status for a lab machine: only SSH tells anything, and only the machine itself says what is on it. */
export async function labNodeStatus(
  _computer: Computer,
  expected: Revision | undefined,
  context: NodeContext,
): Promise<NodeStatus> {
  const seen = await context.observe();
  const { status, reason } = decideStatus(seen, expected);
  const currentimage = seen.currentImage?.name;
  return {
    status,
    ...(seen.ssh ? { ping: true } : {}),
    ssh: seen.ssh,
    ...(currentimage === undefined ? {} : { currentimage }),
    reasons: {
      status: reason,
      ping: seen.ssh ? 'an SSH session was opened' : 'not tried: a firewall of the site may drop it',
      ssh: seen.reason,
      rpower: 'a lab machine has no power that Imprint can read',
      currentimage: currentimageReason(seen),
    },
  };
}

function currentimageReason(seen: NodeObservation): string {
  if (!seen.ssh) return 'not read: there was no SSH session';
  return seen.currentImage === undefined ? 'there is no currentimage.txt' : 'currentimage.txt names it';
}
