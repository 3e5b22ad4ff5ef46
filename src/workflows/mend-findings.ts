import {
  CancellationScope,
  ParentClosePolicy,
  isCancellation,
  proxyActivities,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import type { DirectMending } from '../activities/audit/mend.ts';
import type { AuditedFinding, Finding, Mending } from '../domain/finding.ts';
import type { FreeNodeInput } from '../domain/inputs.ts';
import { auditOptions } from './activity-options.ts';
import { sentenceOf } from './failure-sentence.ts';
import { nodeQueue, sharedQueue } from './task-queues.ts';

/** A claim first: what hangs together with it goes with it. A reservation before the library, since it decides what becomes of a copy. */
const order: readonly Mending['by'][] = [
  ...(['free-node', 'give-capture-up', 'clear-library'] as const),
  ...(['release-slots', 'lay-up-node', 'settle-run'] as const),
];

/** How long a run that takes a node over is waited for; it goes on by itself. */
const patience = '5 minutes';

type Outcome = Required<Pick<AuditedFinding, 'mended' | 'outcome'>>;

/** Mends each once, though several findings may ask for the same, and says of each what came of it. */
export async function mendFindings(findings: readonly Finding[]): Promise<readonly AuditedFinding[]> {
  const mendings = new Map(findings.flatMap(({ mending }) => (mending ? [[keyOf(mending), mending] as const] : [])));
  const silent = new Set(findings.filter(({ kind }) => kind === 'unseen').map(({ subject }) => subject));
  const sorted = [...mendings].sort(([, a], [, b]) => order.indexOf(a.by) - order.indexOf(b.by));
  const outcomes = new Map<string, Outcome>();
  for (const [key, mending] of sorted) {
    const awaited =
      'managementNode' in mending && silent.has(mending.managementNode) ? mending.managementNode : undefined;
    outcomes.set(key, awaited === undefined ? await tryToMend(mending) : notAnswering(awaited));
  }
  return findings.map((finding) => ({
    ...finding,
    ...(finding.mending === undefined ? {} : outcomes.get(keyOf(finding.mending))),
  }));
}

/** Whoever would wait for it might wait for ever. */
function notAnswering(managementNode: string): Outcome {
  return { mended: false, outcome: `it was left as it is: management node ${managementNode} does not answer` };
}

function keyOf(mending: Mending): string {
  return JSON.stringify(mending);
}

/** What cannot be mended keeps nobody from mending the rest. */
async function tryToMend(mending: Mending): Promise<Outcome> {
  try {
    return mending.by === 'free-node' ? await freeNode(mending) : await mendDirectly(mending);
  } catch (error) {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    return { mended: false, outcome: `it could not be mended: ${sentenceOf(error)}` };
  }
}

async function mendDirectly(mending: DirectMending): Promise<Outcome> {
  const queue = 'managementNode' in mending ? nodeQueue(mending.managementNode) : sharedQueue;
  const summary = `Mend: ${mending.by}`;
  const { outcome } = await proxyActivities<Activities>({ ...auditOptions(queue), summary }).mend({ mending });
  return { mended: true, outcome };
}

/** By a run of its own, as `imprint nodes release` does it; it goes on when it takes longer, and when the audit is over. */
async function freeNode({ node, owner }: Extract<Mending, { by: 'free-node' }>): Promise<Outcome> {
  const input: FreeNodeInput = { node, by: 'imprint doctor', reason: `run ${owner} is over`, state: 'asLeft' };
  const run = await startChild('freeNode', {
    workflowId: `freeNode/${node}/audit-${workflowInfo().runId}`,
    taskQueue: sharedQueue,
    args: [input],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `Release ${node}`,
  });
  const ended = await Promise.race([run.result().then(() => true), sleep(patience).then(() => false)]);
  const outcome = ended ? `run ${run.workflowId} took the node over and gave it up` : `run ${run.workflowId} is at it`;
  return { mended: ended, outcome };
}
