import type { Computer } from '../../domain/computer.ts';
import { nameOfRevision, type Revision } from '../../domain/image.ts';
import { decideStatus, type NodeStatus } from '../../domain/node-status.ts';
import type { NodeContext } from '../provisioner.ts';
import { readPower } from './power.ts';
import type { SimulatedWorld } from './world.ts';

/** Reads only; never throws for a node that does not answer. */
export async function simulatedNodeStatus(
  world: SimulatedWorld,
  computer: Computer,
  expected: Revision | undefined,
  context: NodeContext,
): Promise<NodeStatus> {
  const rpower = await readPower(world, computer);
  const seen = await context.observe();
  const decided = decideStatus(seen, expected);
  const current = seen.currentImage?.name;
  return {
    status: decided.status,
    ping: seen.ssh,
    ssh: seen.ssh,
    rpower,
    ...(current === undefined ? {} : { currentimage: current, nodetype: current }),
    reasons: {
      status: decided.reason,
      ping: 'a simulated machine answers exactly when its operating system does',
      ssh: seen.reason,
      rpower: `the world says ${rpower.raw}`,
      currentimage: current === undefined ? 'no revision could be read' : `currentimage.txt names ${current}`,
      ...(expected === undefined ? {} : { expected: nameOfRevision(expected) }),
    },
  };
}
