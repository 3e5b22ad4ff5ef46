import prettyBytes from 'pretty-bytes';
import type { FaultFigures, Played } from '../results.ts';
import { markdownTable } from './markdown-table.ts';

/** The latest storm in one table, for whoever reads the README only, and what no storm can show. */
export function briefTable(played: Played): string {
  const { faults, runs, lost, duplicated, bytesCopiedAgain, nodes, seed, seconds, violations } = played;
  const struck = faults.reduce((sum, fault) => sum + fault.struck, 0);
  const often = faults.toSorted((a, b) => b.struck - a.struck);
  const table = markdownTable([
    [
      `a storm of ${number(struck)} faults`,
      `seed \`${seed}\`, ${number(nodes)} simulated nodes, ${number(Math.round(seconds / 60))} minutes`,
    ],
    ['by kind', list(often.map(({ kind, struck: times }) => `${kind} ${number(times)}`))],
    ['runs', describeRuns(runs)],
    ['runs lost', number(lost)],
    ['fenced acts done twice', number(duplicated)],
    ['time to continue, median (longest)', list(often.flatMap(continuing))],
    ['copied again because the copy itself was killed', prettyBytes(bytesCopiedAgain.jobKilled)],
    ['copied again for any other reason', prettyBytes(bytesCopiedAgain.otherwise)],
    ['invariants violated', number(violations.length)],
  ]);
  return `${table}\n\n${unfenced}`;
}

/** The one thing that no fence reaches. */
export const unfenced =
  'What cannot be fenced: a command for power that has left the worker cannot be called back. The window is one command, between the last look at the lease and the machine that answers.';

function describeRuns(runs: Played['runs']): string {
  const ends = new Map<string, number>();
  for (const [end, count] of runs.flatMap((one) => Object.entries(one.ends))) {
    ends.set(end, (ends.get(end) ?? 0) + count);
  }
  const total = [...ends.values()].reduce((sum, count) => sum + count, 0);
  const sorted = [...ends].sort(([, a], [, b]) => b - a);
  return `${number(total)}: ${list(sorted.map(([end, count]) => `${number(count)} ${end}`))}`;
}

function continuing({ kind, continued }: FaultFigures): readonly string[] {
  return continued === undefined ? [] : [`${kind} ${String(continued.median)} s (${String(continued.max)} s)`];
}

function list(all: readonly string[]): string {
  return all.join(', ');
}

function number(value: number): string {
  return value.toLocaleString('en');
}
