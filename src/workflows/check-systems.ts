import { CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import type { SystemRequirement, SystemsCheck } from '../domain/requirement.ts';
import { auditOptions } from './activity-options.ts';
import { catalog } from './activities.ts';
import { sentenceOf } from './failure-sentence.ts';
import { nodeQueue } from './task-queues.ts';

/** What is checked; without a system all of them. */
export interface CheckSystemsInput {
  readonly system?: string;
}

/**
 * Has every management node say what the systems that it drives need and what it found of that. It only reads, and is no run of the catalog.
 * Procedure: docs/procedures/check-systems.md
 */
export async function checkSystems(input: CheckSystemsInput): Promise<SystemsCheck> {
  // 1. Find the management nodes.
  const { managementNodes } = await catalog('Find the management nodes').driversOf(input);

  // 2. Have each of them look.
  const looks = await Promise.all(managementNodes.map(async (name) => await lookFrom(name, input)));
  return { managementNodes, requirements: looks.flat() };
}

/** One that is away keeps nobody from looking at the others. */
async function lookFrom(managementNode: string, input: CheckSystemsInput): Promise<readonly SystemRequirement[]> {
  const options = { ...auditOptions(nodeQueue(managementNode)), summary: `Look at what ${managementNode} needs` };
  try {
    return (await proxyActivities<Activities>(options).checkSystemsHere({ managementNode, ...input })).requirements;
  } catch (error) {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    return [away(managementNode, sentenceOf(error))];
  }
}

function away(managementNode: string, reason: string): SystemRequirement {
  return {
    managementNode,
    system: 'every system',
    where: managementNode,
    what: 'worker',
    found: `it did not answer (${reason})`,
    ok: false,
    remedy: `start it on ${managementNode}: imprint worker`,
  };
}
