import { Context, log } from '@temporalio/activity';
import type { AuditInput, AuditReport, Finding } from '../domain/finding.ts';
import { auditCatalog } from './audit/audit-catalog.ts';
import { auditManagementNode } from './audit/audit-management-node.ts';
import { mend, type DirectMending } from './audit/mend.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Steps of audit. Looking changes nothing; mending looks afresh and may be run again. */
export interface AuditingActivities {
  /** Answers the management nodes that are to look, too. */
  auditCatalog(): Promise<{ readonly findings: readonly Finding[]; readonly managementNodes: readonly string[] }>;
  /** On the management node. */
  auditManagementNode(input: { readonly managementNode: string }): Promise<{ readonly findings: readonly Finding[] }>;
  /** Answers a sentence: what was done. On the management node where the mending names one. */
  mend(input: { readonly mending: DirectMending }): Promise<{ readonly outcome: string }>;
  /** Into the worker's log and the catalog. */
  recordAudit(input: AuditReport & AuditInput): Promise<void>;
}

export function createAuditingActivities(deps: ActivityDependencies): AuditingActivities {
  return {
    async auditCatalog() {
      const managementNodes = (await deps.catalog.managementNodes.list()).map(({ name }) => name);
      return { findings: await auditCatalog(deps), managementNodes };
    },

    async auditManagementNode({ managementNode }) {
      return { findings: await auditManagementNode(deps, managementNode) };
    },

    async mend({ mending }) {
      const outcome = await mend(deps, mending);
      log.info('Mended what no live run owns', { ...mending, outcome });
      return { outcome };
    },

    async recordAudit(report) {
      const { workflowExecution } = Context.current().info;
      if (workflowExecution === undefined) throw new Error('an audit was recorded outside a workflow');
      for (const { kind, subject, where, why, remedy, outcome } of report.findings) {
        log.warn('Audit finding', { kind, subject, where, why, remedy, ...(outcome === undefined ? {} : { outcome }) });
      }
      const { workflowId: workflow, runId: execution } = workflowExecution;
      await deps.catalog.audits.record({ ...report, workflow, execution });
    },
  };
}
