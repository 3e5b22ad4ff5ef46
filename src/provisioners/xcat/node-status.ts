import { ImprintError, UnavailableError, errorChain } from '../../domain/errors.ts';
import { nameOfRevision, type Revision } from '../../domain/image.ts';
import { decideStatus, type NodeObservation, type NodeStatus } from '../../domain/node-status.ts';
import type { PowerReading } from '../../domain/power.ts';
import type { BootTarget } from '../../remote/xcat/nodeset.ts';
import type { NodeStage } from '../../remote/xcat/nodestat.ts';
import type { NodeContext } from '../provisioner.ts';
import { unfenced, type XcatNode } from './node.ts';
import { readPower } from './power.ts';

type Observation = NodeObservation & { readonly reason: string };

/** What xCAT says of a node; what the system itself says comes beside it. */
interface Seen {
  readonly rpower: PowerReading;
  readonly target: BootTarget;
  readonly stage: NodeStage;
  /** xCAT's attribute `profile`, which a load sets to the revision's name. */
  readonly profile: string;
}

/**
 * The answer of node_status for a node of xCAT, in the words of the wiki page of Apache VCL, whose example it is. A BMC that does not answer is an
 * observation; an xcatd that does not is an error, since then nothing is known.
 */
export async function nodeStatus(
  node: XcatNode,
  expected: Revision | undefined,
  context: NodeContext,
): Promise<NodeStatus> {
  const call = unfenced(context);
  const attributes = await node.xcat.attributes(node.name, ['profile'], call);
  const target = await node.xcat.bootTarget(node.name, call);
  const stage = await node.xcat.stage(node.name, call);
  const seen: Seen = { rpower: await observePower(node, context), target, stage, profile: attributes['profile'] ?? '' };
  const system = await observeSystem(seen, expected, context);
  const { status, reason } = decide(seen, system, expected);
  const currentimage = system.currentImage?.name;
  return {
    status,
    ping: stage.ping,
    ssh: system.ssh,
    rpower: seen.rpower,
    nodeset: target.state,
    ...(seen.profile === '' ? {} : { nodetype: seen.profile }),
    ...(currentimage === undefined ? {} : { currentimage }),
    reasons: reasonsOf(node, seen, system, reason),
  };
}

async function observePower(node: XcatNode, context: NodeContext): Promise<PowerReading> {
  try {
    return await readPower(node, context);
  } catch (error) {
    context.signal.throwIfAborted();
    // xcatd has answered three times by now: what fails here is the BMC, or the right to use it.
    if (!(error instanceof ImprintError)) throw error;
    return { value: 'unknown', reason: context.wordsOf(error), raw: '', at: new Date().toISOString() };
  }
}

async function observeSystem(seen: Seen, expected: Revision | undefined, context: NodeContext): Promise<Observation> {
  if (seen.rpower.value === 'off') return { ssh: false, reason: 'not tried: rpower says off' };
  if (expected !== undefined && expected.osModule === undefined)
    return { ssh: false, reason: 'not tried: no operating system is involved' };
  try {
    return await context.observe();
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return { ssh: false, reason: errorChain(error) };
  }
}

/** Where no operating system is involved nobody reads currentimage.txt: then what xCAT has loaded decides, with what answers there. */
function decide(
  seen: Seen,
  system: Observation,
  expected: Revision | undefined,
): Pick<NodeStatus, 'status'> & { reason: string } {
  if (expected === undefined || expected.osModule !== undefined) return decideStatus(system, expected);
  const name = nameOfRevision(expected);
  const said = `rpower says ${seen.rpower.raw || seen.rpower.value}, nodestat ${seen.stage.raw}, profile ${seen.profile || 'nothing'}`;
  const isReady = seen.rpower.value === 'on' && seen.stage.sshd && seen.profile === name;
  return isReady
    ? { status: 'READY', reason: `${name} is what xCAT has loaded, and it answers` }
    : { status: 'RELOAD', reason: `${name} is expected: ${said}` };
}

function reasonsOf(node: XcatNode, seen: Seen, system: Observation, status: string): Record<string, string> {
  const { rpower, target, stage, profile } = seen;
  return {
    status,
    ping: `nodestat says ${stage.raw}`,
    ssh: system.reason,
    rpower: rpower.value === 'unknown' ? `not known: ${rpower.reason ?? rpower.raw}` : `rpower says ${rpower.raw}`,
    nodeset: `nodeset says ${target.raw}`,
    nodetype: profile === '' ? `${node.name} has no profile in xCAT` : `the attribute profile of ${node.name} names it`,
    currentimage: currentimageReason(system),
  };
}

function currentimageReason(system: Observation): string {
  if (!system.ssh) return 'not read: there was no SSH session';
  return system.currentImage === undefined
    ? 'there is no currentimage.txt, or nobody read it'
    : 'currentimage.txt names it';
}
