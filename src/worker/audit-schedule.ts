import type { AuditInput } from '../domain/finding.ts';
import { keepSchedule } from './keep-schedule.ts';
import type { TemporalPlace } from './temporal-place.ts';

/** The schedule as Temporal's UI and command line show it. */
export const auditScheduleId = 'imprint-audit';

const input: AuditInput = { purpose: 'report' };

/**
 * Has catalog, Temporal, libraries, jobs and provisioning systems compared every hour; it only reports. Not now: while workers start one after the
 * other, those that come late would be taken for away. UnavailableError when Temporal does not take it.
 */
export async function scheduleAudit(place: TemporalPlace): Promise<void> {
  await keepSchedule(place, {
    scheduleId: auditScheduleId,
    workflowType: 'audit',
    args: [input],
    every: '1 hour',
    summary: 'Look for what belongs to no live run',
  });
}
