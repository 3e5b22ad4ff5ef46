import { z } from 'zod';
import { findingKinds, type AuditInput, type AuditReport } from '../domain/finding.ts';
import type { Database } from './database.ts';
import { parseFirst, timestamp } from './rows.ts';

/** What an audit has found, as it is kept. */
export interface AuditRecord extends AuditReport, AuditInput {
  /** ISO 8601, UTC. */
  readonly ended: string;
}

export interface NewAudit extends AuditReport, AuditInput {
  /** Workflow id, and Temporal's own run id. */
  readonly workflow: string;
  readonly execution: string;
}

/** What audits have found; kept for 90 days. */
export interface Audits {
  /** The same execution recorded again: the first record stays. */
  record(audit: NewAudit): Promise<void>;
  latest(): Promise<AuditRecord | undefined>;
}

const keptDays = 90;

const finding = z.looseObject({
  kind: z.enum(findingKinds),
  subject: z.string(),
  where: z.string(),
  why: z.string(),
  remedy: z.string(),
  mended: z.boolean().exactOptional(),
  outcome: z.string().exactOptional(),
});

const auditRow: z.ZodType<AuditRecord> = z
  .object({
    purpose: z.enum(['report', 'mend']),
    ended: timestamp,
    report: z.object({ findings: z.array(finding), managementNodes: z.array(z.string()) }),
  })
  .transform(({ report, ...row }) => ({ ...row, ...report }));

export function createAudits(database: Database): Audits {
  return {
    async record({ workflow, execution, purpose, findings, managementNodes }) {
      await database.transaction(`record what ${workflow} has found`, async (statements) => {
        await statements.rows(
          `INSERT INTO audits (workflow, execution, purpose, report) VALUES ($1, $2, $3, $4::jsonb) ON CONFLICT DO NOTHING`,
          [workflow, execution, purpose, JSON.stringify({ findings, managementNodes })],
        );
        await statements.rows('DELETE FROM audits WHERE ended < now() - make_interval(days => $1::int)', [keptDays]);
      });
    },
    async latest() {
      const sql = 'SELECT purpose, ended, report FROM audits ORDER BY ended DESC, id DESC LIMIT 1';
      return parseFirst(auditRow, await database.read('read what the latest audit has found', sql));
    },
  };
}
