import type { FleetNodeProgress, FleetProgress } from '../client.ts';
import { fleetHeadline, nodeFacts, wordOf } from './fleet-words.ts';
import { openView, type View } from './run-view.ts';
import type { Terminal } from './terminal.ts';

const marks: Readonly<Record<string, string>> = {
  READY: '✔',
  failed: '✖',
  cancelled: '↩',
  loading: '⠿',
  waiting: '…',
  'not begun': ' ',
};

/** At most so many lines: what is under way, then what went wrong, then the rest. */
const mostLines = 30;
const order = ['loading', 'failed', 'waiting', 'cancelled', 'READY', 'not begun'];

/** A fleet while it is loaded: one line a node where lines can be replaced, a line for each change elsewhere, nothing where a program reads. */
export function openFleetView(terminal: Terminal, silent: boolean): View<FleetProgress> {
  return openView(terminal, silent, { render: renderFleet, createTeller: createFleetTeller });
}

/** A fleet as lines of at most `width` columns. `now` in ms. */
export function renderFleet(progress: FleetProgress, now: number, width: number): string[] {
  const { nodes } = progress;
  const sorted = [...nodes].sort((a, b) => order.indexOf(wordOf(a)) - order.indexOf(wordOf(b)));
  const shown = new Set(sorted.slice(0, mostLines));
  const column = Math.max(...nodes.map(({ node }) => node.length));
  const lines = nodes.filter((node) => shown.has(node)).map((node) => nodeLine(node, now, column));
  const more = nodes.length - lines.length;
  const rest = more === 0 ? [] : [`   … and ${String(more)} more`];
  return [fleetHeadline(progress), ...lines, ...rest].map((line) =>
    line.length <= width ? line : `${line.slice(0, width - 1)}…`,
  );
}

function nodeLine(node: FleetNodeProgress, now: number, column: number): string {
  const word = wordOf(node);
  return ` ${marks[word] ?? ' '} ${node.node.padEnd(column)}  ${word.padEnd(9)}  ${nodeFacts(node, now)}`.trimEnd();
}

/** Tells a fleet in lines that are never replaced: each node when its state changes. */
export function createFleetTeller(): (progress: FleetProgress, now: number) => readonly string[] {
  const told = new Map<string, string>();
  return (progress, now) => {
    const head = told.size === 0 ? [`${fleetHeadline(progress)} (run ${progress.run.id})`] : [];
    const changed = progress.nodes.filter((node) => {
      const word = wordOf(node);
      const isNew = (told.get(node.node) ?? 'not begun') !== word;
      told.set(node.node, word);
      return isNew;
    });
    return [
      ...head,
      ...changed.map((node) => `${node.node}: ${[wordOf(node), nodeFacts(node, now)].filter(Boolean).join(': ')}`),
    ];
  };
}
