import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { NodeDriver } from '../activities/claiming.ts';
import type { RunSearchAttributes } from '../domain/search-attributes.ts';
import { attributeUpdates } from './search-attributes.ts';

/** By which node, management node and system a run is found, once its first step has read them from the catalog. */
export function recordNode(node: string, { managementNode, provisioningSystem }: NodeDriver): void {
  recordSearchAttributes({
    ImprintNode: node,
    ImprintManagementNode: managementNode,
    ImprintProvisioningSystem: provisioningSystem,
  });
}

/**
 * Makes the run findable by what it has learned of itself. What it was started with is not written once more: so a run that was started
 * without the client, from Temporal's UI for instance, has the same attributes after its first step, and one of the client costs no event.
 */
export function recordSearchAttributes(found: RunSearchAttributes): void {
  const known = workflowInfo().typedSearchAttributes;
  const news = attributeUpdates(found).filter(({ key, value }) => (known.get(key) ?? null) !== value);
  if (news.length > 0) upsertSearchAttributes(news);
}
