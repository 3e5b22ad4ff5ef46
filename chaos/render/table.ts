import prettyBytes from 'pretty-bytes';
import type { Control, Played, Results } from '../results.ts';
import { markdownTable } from './markdown-table.ts';

/** For the terminal and for documents: Markdown. */
export function summary({ played, controls }: Results): string {
  const parts = [
    ...(played === undefined ? [] : [playedText(played)]),
    ...(controls === undefined ? [] : [controlsTable(controls)]),
  ];
  return parts.join('\n\n');
}

export function playedText(played: Played): string {
  const { violations } = played;
  return [
    heading(played),
    faultsTable(played),
    runsTable(played),
    reasonsText(played),
    violations.length === 0
      ? `Every invariant held; they were looked at ${number(played.looks)} times while it went on, and once when all had come to rest.`
      : ['Violated:', '', ...violations.map(({ invariant, what }) => `- ${invariant}: ${what}`)].join('\n'),
  ].join('\n\n');
}

function heading({ seed, nodes, workers, atOnce, seconds, faults, started }: Played): string {
  const struck = faults.reduce((sum, fault) => sum + fault.struck, 0);
  return `Seed \`${seed}\`, ${started.slice(0, 10)}: ${number(struck)} faults in ${number(Math.round(seconds / 60))} minutes; ${number(nodes)} nodes, ${String(atOnce)} of them with a run at the same time, ${String(workers)} worker processes.`;
}

function faultsTable({ faults }: Played): string {
  const rows = faults.map(({ kind, struck, continued, about }) => [
    kind,
    number(struck),
    continued === undefined ? '' : `${String(continued.median)} s`,
    continued === undefined ? '' : `${String(continued.max)} s`,
    about,
  ]);
  return markdownTable([['fault', 'times', 'to continue, median', 'longest', 'what happens'], ...rows]);
}

function runsTable({ runs, lost, duplicated, bytesCopied, bytesCopiedAgain }: Played): string {
  const ends = runs.map(({ procedure, ends }) => [
    `\`${procedure}\``,
    Object.entries(ends)
      .map(([end, count]) => `${number(count)} ${end}`)
      .join(', '),
  ]);
  return markdownTable([
    ['what', 'how many'],
    ...ends,
    ['runs lost', number(lost)],
    ['fenced acts done twice', number(duplicated)],
    ['copied', prettyBytes(bytesCopied)],
    ['copied again, because the process of the copy was killed', prettyBytes(bytesCopiedAgain.jobKilled)],
    ['copied again for any other reason', prettyBytes(bytesCopiedAgain.otherwise)],
  ]);
}

function reasonsText({ reasons }: Played): string {
  const lines = Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `- ${String(count)} × ${reason}`);
  return lines.length === 0 ? 'No run failed.' : ['Why runs failed:', '', ...lines].join('\n');
}

export function controlsTable(controls: readonly Control[]): string {
  const rows = controls.map(({ mutation, about, caughtBy }) => [
    `\`${mutation}\``,
    about,
    caughtBy.length === 0 ? '**not caught**' : caughtBy.map(({ invariant }) => invariant).join('; '),
  ]);
  return markdownTable([['mistake', 'what it does', 'caught by'], ...rows]);
}

function number(value: number): string {
  return value.toLocaleString('en');
}
