import { CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import type { AuditInput, AuditReport, Finding } from '../domain/finding.ts';
import { auditOptions } from './activity-options.ts';
import { catalog } from './activities.ts';
import { sentenceOf } from './failure-sentence.ts';
import { mendFindings } from './mend-findings.ts';
import { nodeQueue } from './task-queues.ts';

/**
 * Compares catalog, Temporal, libraries, jobs and provisioning systems; mends only where it was asked to. Started by `imprint doctor`, and by a
 * schedule that only reports; no run of the catalog itself. Procedure: docs/procedures/audit.md
 */
export async function audit({ purpose }: AuditInput): Promise<AuditReport> {
  // 1. Compare the catalog with Temporal.
  const { findings: inCatalog, managementNodes } = await catalog('Compare the catalog with Temporal').auditCatalog();

  // 2. Have every management node look at its libraries, jobs and provisioning systems.
  const looks = await Promise.all(managementNodes.map(lookFrom));
  const found = [...inCatalog, ...looks.flat()];

  // 3. Mend what can be mended, where it was asked for.
  const findings = purpose === 'mend' ? await mendFindings(found) : found;

  // 4. Record what was found.
  await catalog('Record what was found').recordAudit({ purpose, findings, managementNodes });
  return { findings, managementNodes };
}

/** One that is away keeps nobody from looking at the others. */
async function lookFrom(managementNode: string): Promise<readonly Finding[]> {
  const summary = `Look at what ${managementNode} reaches`;
  const options = { ...auditOptions(nodeQueue(managementNode)), summary };
  try {
    return (await proxyActivities<Activities>(options).auditManagementNode({ managementNode })).findings;
  } catch (error) {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    return [unseen(managementNode, sentenceOf(error))];
  }
}

function unseen(managementNode: string, reason: string): Finding {
  return {
    kind: 'unseen',
    subject: managementNode,
    where: `management node ${managementNode}`,
    why: `its worker did not answer, so nothing that it reaches was looked at (${reason})`,
    remedy: `See whether its worker runs (imprint management-nodes show ${managementNode}), then look again.`,
  };
}
