import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import type { Pace } from '../domain/plan.ts';
import { catalogOptions, heldPowerOptions, nodeOptions } from './activity-options.ts';

/** Temporal refuses a longer one, and then tries the workflow task again for ever. Input that was not checked yet is in some of them. */
const longestSummary = 120;

/** Activities that need nothing but the catalog. `summary` is what Temporal's UI shows. */
export function catalog(summary: string): Activities {
  return proxyActivities<Activities>({ ...catalogOptions, summary: shorten(summary) });
}

/** Activities on the computers of one management node, at the pace of the step. `summary` is what Temporal's UI shows. */
export function onNode(managementNode: string, pace: Pace, summary: string): Activities {
  return proxyActivities<Activities>({ ...nodeOptions(managementNode, pace), summary: shorten(summary) });
}

/** What an operator asks of the power of a node whose run waits. */
export function powerOfHeld(managementNode: string, summary: string): Pick<Activities, 'powerHeldNode'> {
  return proxyActivities<Activities>({ ...heldPowerOptions(managementNode), summary: shorten(summary) });
}

function shorten(summary: string): string {
  return summary.length <= longestSummary ? summary : `${summary.slice(0, longestSummary - 1)}…`;
}
