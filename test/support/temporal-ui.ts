import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

/** What Temporal's UI shows as "current details": the answer of the query that it asks. A worker must run. */
export async function currentDetails(workflow: WorkflowHandle): Promise<string> {
  const { currentDetails } = await workflow.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return currentDetails ?? '';
}

interface ScheduledActivity {
  readonly userMetadata?: { readonly summary?: { readonly data?: string } };
  readonly activityTaskScheduledEventAttributes?: { readonly activityType: { readonly name: string } };
}

export interface ActivitySummary {
  readonly activity: string;
  readonly summary: string;
}

/** The summary of each activity in a history as Temporal's JSON has it; empty for one that has none. */
export function activitySummaries(events: readonly ScheduledActivity[]): readonly ActivitySummary[] {
  return events.flatMap(({ userMetadata, activityTaskScheduledEventAttributes: scheduled }) => {
    if (scheduled === undefined) return [];
    const data = userMetadata?.summary?.data;
    const summary = data === undefined ? '' : (JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as string);
    return [{ activity: scheduled.activityType.name, summary }];
  });
}

/** The same of a run that a server has. */
export async function summariesOf(workflow: WorkflowHandle): Promise<readonly ActivitySummary[]> {
  const history = JSON.parse(historyToJSON(await workflow.fetchHistory())) as { events: ScheduledActivity[] };
  return activitySummaries(history.events);
}
