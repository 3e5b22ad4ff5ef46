import type { WorldStore } from './store.ts';

/** One thing that happened in a simulated world: an action that changed something, or something that must never happen. */
export interface WorldEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly node: string;
  /** `power-on`, `copy-vda`, `seal` …; for a violation what was violated. */
  readonly action: string;
  readonly kind: 'effect' | 'violation';
  /** The run on whose behalf it was done, where one is known. */
  readonly owner?: string;
}

const KEY = 'events';

export async function recordEvent(store: WorldStore, event: WorldEvent): Promise<void> {
  await store.append(KEY, JSON.stringify(event));
}

/** Oldest first. */
export async function readEvents(store: WorldStore): Promise<readonly WorldEvent[]> {
  const text = (await store.read(KEY)) ?? '';
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as WorldEvent);
}
