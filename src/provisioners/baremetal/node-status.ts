import { ImprintError, UnauthorizedError } from '../../domain/errors.ts';
import type { Revision } from '../../domain/image.ts';
import { decideStatus, type NodeObservation, type NodeStatus } from '../../domain/node-status.ts';
import type { NodeContext } from '../provisioner.ts';
import type { Machine } from './machine.ts';

/** `nodeset` in xCAT's words: from its disk, or into the imaging environment. */
const nodesets = { network: 'image', disk: 'boot', none: 'boot', other: 'other' } as const;

/** The answer of node_status for a machine: its controller says power and boot target, and the machine itself what is on it. */
export async function nodeStatus(
  machine: Machine,
  expected: Revision | undefined,
  context: NodeContext,
): Promise<NodeStatus> {
  const { power, computer } = machine;
  const rpower = await ask(context, () => power.read(computer, context));
  // A controller that refuses its password is asked once: many refusals lock an account.
  const target = 'refused' in rpower ? rpower : await ask(context, () => power.readBootTarget(computer, context));
  // What a controller does not say may still answer.
  const off = 'value' in rpower && rpower.value.value === 'off';
  const seen: Observation = off ? notRunning(rpower.value.raw) : await context.observe();
  const { status, reason } = decideStatus(seen, expected);
  const currentimage = seen.currentImage?.name;
  return {
    status,
    ...(seen.ssh ? { ping: true } : {}),
    ssh: seen.ssh,
    ...('value' in rpower ? { rpower: rpower.value } : {}),
    ...('value' in target ? { nodeset: nodesets[target.value.target] } : {}),
    ...(currentimage === undefined ? {} : { currentimage }),
    reasons: {
      status: reason,
      ping: seen.ssh ? 'an SSH session was opened' : 'not tried: a firewall of the site may drop it',
      ssh: seen.reason,
      rpower: 'value' in rpower ? `the controller says ${rpower.value.raw}` : rpower.why,
      nodeset: 'value' in target ? `the controller says ${target.value.raw}` : target.why,
      nodetype: 'nobody but the machine itself knows what is on its disks',
      currentimage: currentimageReason(seen),
    },
  };
}

type Observation = NodeObservation & { readonly reason: string };

interface NotRead {
  readonly why: string;
  readonly refused?: true;
}

/** A controller that does not answer leaves its keys out: the machine may answer all the same. */
async function ask<Reading>(
  { signal, wordsOf }: NodeContext,
  read: () => Promise<Reading>,
): Promise<{ readonly value: Reading } | NotRead> {
  try {
    return { value: await read() };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ImprintError)) throw error;
    const why = `not read: ${wordsOf(error)}`;
    return error instanceof UnauthorizedError ? { why, refused: true } : { why };
  }
}

function notRunning(raw: string): Observation {
  return { ssh: false, reason: `not tried: the controller says ${raw}` };
}

function currentimageReason(seen: Observation): string {
  if (!seen.ssh) return 'not read: there was no SSH session';
  return seen.currentImage === undefined ? 'there is no currentimage.txt' : 'currentimage.txt names it';
}
