import { decideStatus, type NodeObservation, type NodeStatus } from '../../domain/node-status.ts';
import type { PowerReading } from '../../domain/power.ts';
import type { Revision } from '../../domain/image.ts';
import type { NodeContext } from '../provisioner.ts';
import { type Definition, parseDefinition } from './definition.ts';
import type { LibvirtNode } from './node.ts';
import { readPower } from './power.ts';

type Observation = NodeObservation & { readonly reason: string };

/** The answer of node_status for a domain, each key with its reason. A domain that is not running is not asked over SSH. */
export async function nodeStatus(
  node: LibvirtNode,
  expected: Revision | undefined,
  context: NodeContext,
): Promise<NodeStatus> {
  const rpower = await readPower(node, context);
  const text = await node.virsh.definition(node.domain, context.signal);
  const definition = text === undefined ? undefined : parseDefinition(text);
  const seen = rpower.value === 'on' ? await context.observe() : notRunning(node, rpower);
  const { status, reason } = decideStatus(seen, expected);
  const nodetype = definition?.load?.revision;
  const currentimage = seen.currentImage?.name;
  return {
    status,
    ...(seen.ssh ? { ping: true } : {}),
    ssh: seen.ssh,
    rpower,
    nodeset: 'boot',
    ...(nodetype === undefined ? {} : { nodetype }),
    ...(currentimage === undefined ? {} : { currentimage }),
    reasons: {
      status: reason,
      ping: seen.ssh ? 'an SSH session was opened' : 'not tried: user networks answer no ping',
      ssh: seen.reason,
      rpower: `libvirt says ${rpower.raw}`,
      nodeset: 'a domain boots from its own disk',
      nodetype: nodetypeReason(node, definition),
      currentimage: currentimageReason(seen),
    },
  };
}

function notRunning(node: LibvirtNode, power: PowerReading): Observation {
  return { ssh: false, reason: `not tried: libvirt says ${power.raw} of ${node.domain}` };
}

function nodetypeReason(node: LibvirtNode, definition: Definition | undefined): string {
  if (definition === undefined) return `${node.domain} is not defined`;
  if (definition.load === undefined) return `${node.domain} was not defined by a load`;
  return `the definition of ${node.domain} names it, since run ${definition.load.run}`;
}

function currentimageReason(seen: Observation): string {
  if (!seen.ssh) return 'not read: there was no SSH session';
  return seen.currentImage === undefined ? 'there is no currentimage.txt' : 'currentimage.txt names it';
}
