import type { FleetNodeProgress, FleetProgress } from '../client.ts';
import { describePlace } from '../domain/slot-queue.ts';
import { formatDuration } from './amounts.ts';
import { headline, progressWords } from './run-words.ts';
import { table } from './style.ts';

/** `not begun`, `waiting`, `loading`, `READY`, `failed`, `cancelled`. */
export function wordOf({ state, queue }: FleetNodeProgress): string {
  if (state === 'running') return queue === undefined ? 'loading' : 'waiting';
  return state === 'completed' ? 'READY' : state;
}

const words = ['READY', 'failed', 'cancelled', 'terminated', 'timed-out', 'lost', 'loading', 'waiting', 'not begun'];

/** `Load web onto 30 nodes: 12 READY, 3 loading, 15 not begun` */
export function fleetHeadline({ run, nodes }: FleetProgress): string {
  const counts = words.flatMap((word) => {
    const count = nodes.filter((node) => wordOf(node) === word).length;
    return count === 0 ? [] : [`${String(count)} ${word}`];
  });
  return `${headline(run)}: ${counts.join(', ')}`;
}

/** What a node's load does now, or what came of it. `now` in ms. */
export function nodeFacts(node: FleetNodeProgress, now: number): string {
  const { state, queue, step, progress, outcome } = node;
  if (state !== 'running') return outcome ?? '';
  if (queue !== undefined) return describePlace(queue);
  if (step === undefined) return '';
  const elapsed = now - Date.parse(step.startedAt);
  return [`${step.number} ${step.title}`, ...(progress === undefined ? [] : progressWords(progress, elapsed))].join(
    '  ',
  );
}

/** All nodes in the order in which they were named, with what came of each. */
export function fleetTable({ nodes }: FleetProgress): string {
  const rows = nodes.map((node) => {
    const { created, ended } = node;
    const took =
      created === undefined || ended === undefined ? '-' : formatDuration(Date.parse(ended) - Date.parse(created));
    return [node.node, wordOf(node), took, node.outcome ?? '-'];
  });
  return table(['node', 'state', 'took', 'outcome'], rows, 'no nodes');
}
