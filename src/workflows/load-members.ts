import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { memberRun, type AdmittedFleet, type AdmittedNode, type FleetMember } from '../domain/fleet.ts';
import { revisionName } from '../domain/names.ts';
import { runAttributes } from '../domain/search-attributes.ts';
import { catalog } from './activities.ts';
import type { LoadNodeResult } from './load-node.ts';
import { sentenceOf } from './failure-sentence.ts';
import { attributePairs } from './search-attributes.ts';
import type { Steps } from './steps.ts';
import { sharedQueue } from './task-queues.ts';

/** Step 2 of loadFleet: the nodes in their order, at most `parallel` at once. Answers in the same order; never throws for a node. */
export async function loadMembers(steps: Steps, fleet: AdmittedFleet): Promise<readonly FleetMember[]> {
  const scope = CancellationScope.current();
  const numbered = fleet.nodes.map((node, index) => ({ ...node, number: `2.${String(index + 1)}` }));
  steps.announce(numbered.map(({ number, node }) => ({ number, title: `Load ${node}` })));
  const outcomes = new Map<string, FleetMember>();
  const queue = [...numbered];
  const lane = async (): Promise<void> => {
    for (let member = queue.shift(); member !== undefined; member = queue.shift()) {
      outcomes.set(member.node, scope.consideredCancelled ? notBegun(member) : await loadMember(steps, fleet, member));
    }
  };
  await Promise.all(Array.from({ length: fleet.parallel }, lane));
  return fleet.nodes.map((node) => outcomes.get(node.node) ?? notBegun(node));
}

interface Numbered extends AdmittedNode {
  readonly number: string;
}

async function loadMember(steps: Steps, fleet: AdmittedFleet, member: Numbered): Promise<FleetMember> {
  const { node, number } = member;
  const run = memberOf(node);
  try {
    const back = { noUndo: 'The run of the node takes its own steps back.' };
    return await steps.take(number, `Load ${node}`, async () => await runOrFollow(fleet, member, run), back);
  } catch (error) {
    // Anything that is no Temporal failure is a bug in this code: the workflow task is tried again until it is mended.
    if (!(error instanceof TemporalFailure)) throw error;
    return { node, run, state: isCancellation(error) ? 'cancelled' : 'failed', outcome: sentenceOf(error) };
  }
}

async function runOrFollow(fleet: AdmittedFleet, member: AdmittedNode, run: string): Promise<FleetMember> {
  const { node } = member;
  try {
    const result = await runMember(fleet, member);
    return {
      node,
      run,
      state: 'loaded',
      outcome: `${revisionName(result.image, result.revision)} is READY on ${node}`,
    };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return await follow(node, run);
    throw error;
  }
}

/** The load goes on if this run is terminated; it is cancelled only when this run is. */
async function runMember(fleet: AdmittedFleet, member: AdmittedNode): Promise<LoadNodeResult> {
  const { image, revision } = fleet;
  const { node } = member;
  return (await executeChild('loadNode', {
    workflowId: memberOf(node),
    taskQueue: sharedQueue,
    // A room full of machines does not wait for one of them.
    args: [{ node, image, revision, onFailure: 'unwind' }],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    staticSummary: `Load ${revisionName(image, revision)} onto ${node}`,
    typedSearchAttributes: attributePairs(runAttributes({ ...member, image })),
  })) as LoadNodeResult;
}

/** An earlier execution of this fleet (it was reset) has started the run: what comes of it counts. */
async function follow(node: string, run: string): Promise<FleetMember> {
  const { state, outcome } = await catalog(`Wait for the load of ${node}`).followRun({ run });
  return {
    node,
    run,
    state: state === 'completed' ? 'loaded' : state === 'cancelled' ? 'cancelled' : 'failed',
    outcome,
  };
}

function notBegun({ node }: AdmittedNode): FleetMember {
  return { node, run: memberOf(node), state: 'not begun', outcome: 'the fleet was cancelled before its turn came' };
}

function memberOf(node: string): string {
  return memberRun(workflowInfo().workflowId, node);
}
