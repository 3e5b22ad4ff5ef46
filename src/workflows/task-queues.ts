/** Workflows, and the activities that need nothing but the catalog: any worker may do them. */
export const sharedQueue = 'imprint';

/** Short work on the machines of one management node. */
export function nodeQueue(managementNode: string): string {
  return `mn-${managementNode}`;
}

/** Long copies and checksums of one management node: slots of their own, so that they never keep short work waiting. */
export function longQueue(managementNode: string): string {
  return `mn-${managementNode}-long`;
}
