import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';

/** Search attributes as Temporal takes them; all of ours that a run is started with are keywords. */
export function attributePairs(attributes: Readonly<Record<string, string>>): SearchAttributePair[] {
  return Object.entries(attributes).map(([name, value]) => ({
    key: defineSearchAttributeKey(name, 'KEYWORD'),
    value,
  }));
}
