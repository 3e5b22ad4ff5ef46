import { defineSearchAttributeKey, type SearchAttributePair, type SearchAttributeUpdatePair } from '@temporalio/common';

/** Search attributes as Temporal takes them; all of ours are keywords. */
export function attributePairs(attributes: Readonly<Record<string, string>>): SearchAttributePair[] {
  return Object.entries(attributes).map(([name, value]) => ({ key: keyOf(name), value }));
}

/** The same as changes: undefined takes one away. */
export function attributeUpdates(
  attributes: Readonly<Record<string, string | undefined>>,
): SearchAttributeUpdatePair[] {
  return Object.entries(attributes).map(([name, value]) => ({ key: keyOf(name), value: value ?? null }));
}

function keyOf(name: string): SearchAttributePair['key'] & { readonly type: 'KEYWORD' } {
  return defineSearchAttributeKey(name, 'KEYWORD');
}
