import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { Terminal } from './terminal.ts';

type Colour = 'green' | 'red' | 'yellow' | 'cyan';

/** What a line of a step list begins with, and its colour. */
const colours: readonly (readonly [RegExp, Colour])[] = [
  [/^\s*✔/, 'green'],
  [/^\s*[✖‼]/, 'red'],
  [/^\s*[↩◌]/, 'yellow'],
  [/^\s*[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏█]/, 'cyan'],
];

/** Colours lines by the mark that they begin with; only where the terminal has colours. */
export function paint(lines: readonly string[], terminal: Pick<Terminal, 'colour'>): readonly string[] {
  if (!terminal.colour) return lines;
  return lines.map((line) => {
    const colour = colours.find(([mark]) => mark.test(line))?.[1];
    return colour === undefined ? line : styleText(colour, line, { validateStream: false });
  });
}

/** Aligned columns under their names, without lines and colours. Nothing to show: `empty`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return empty;
  return render([head.map((name) => name.toUpperCase()), ...rows]);
}

/** `name  value` lines, aligned; a third column holds remarks. */
export function fields(entries: readonly (readonly string[])[]): string {
  return render(entries);
}

/** Names in one cell of a table or in one field; `-` for none. */
export function listed(names: readonly string[]): string {
  return names.join(', ') || '-';
}

const none = '';
const bare = {
  ...{ top: none, 'top-mid': none, 'top-left': none, 'top-right': none },
  ...{ bottom: none, 'bottom-mid': none, 'bottom-left': none, 'bottom-right': none },
  ...{ left: none, 'left-mid': none, mid: none, 'mid-mid': none, right: none, 'right-mid': none, middle: '  ' },
};

function render(rows: readonly (readonly string[])[]): string {
  const style = { 'padding-left': 0, 'padding-right': 0, head: [], border: [] };
  const grid = new Table({ chars: bare, style });
  grid.push(...rows.map((row) => [...row]));
  const lines = grid.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}
