import type { Client } from '@temporalio/client';
import { ulid } from 'ulid';
import type { AuditInput, AuditReport } from '../domain/finding.ts';
import { askWorkers } from './ask-workers.ts';

/** A look takes seconds, and half a minute where a management node does not answer; nodes that are taken over take longer. */
const limit = '1 hour';

/** Has the workers compare what there is, and waits for what they say. UnavailableError when there is no worker. */
export async function audit(client: Client, input: AuditInput): Promise<AuditReport> {
  return await askWorkers<AuditReport>(client, {
    workflow: 'audit',
    workflowId: `audit/${ulid()}`,
    input,
    limit,
    summary: input.purpose === 'mend' ? 'Mend what belongs to no live run' : 'Look for what belongs to no live run',
  });
}
