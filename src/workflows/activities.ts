import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import type { Pace } from '../domain/plan.ts';
import { catalogOptions, nodeOptions } from './activity-options.ts';

/** Activities that need nothing but the catalog. `summary` is what Temporal's UI shows. */
export function catalog(summary: string): Activities {
  return proxyActivities<Activities>({ ...catalogOptions, summary });
}

/** Activities on the computers of one management node, at the pace of the step. `summary` is what Temporal's UI shows. */
export function onNode(managementNode: string, pace: Pace, summary: string): Activities {
  return proxyActivities<Activities>({ ...nodeOptions(managementNode, pace), summary });
}
