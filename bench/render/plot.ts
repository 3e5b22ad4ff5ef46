import { isMet, type Figure, type Results } from '../results.ts';
import { amount, figuresOf } from './table.ts';

const rowHeight = 44;
const left = 40;
const width = 760;
/** From a thousandth of the bar to a thousand times the bar, a decade at a time. */
const decades = { from: -3, to: 3 };

/**
 * How each figure stands to its bar, on a logarithmic scale: the bar is the line in the middle, better is to the left. A mark shows what
 * stands beside it, where that is of the same kind. Figures that count what must not be lost are left out.
 */
export function plot(results: Results): string {
  const shown = figuresOf(results).filter(({ bar }) => bar.kind === 'at most' && bar.limit > 0);
  const height = 60 + shown.length * rowHeight;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(height)}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
${axis(height)}
${shown.map(row).join('\n')}
</svg>
`;
}

function axis(height: number): string {
  const lines = [];
  for (let decade = decades.from; decade <= decades.to; decade += 1) {
    const at = x(10 ** decade);
    const isBar = decade === 0;
    const label = isBar ? 'bar' : `${decade < 0 ? '1/' : ''}${(10 ** Math.abs(decade)).toLocaleString('en')}`;
    lines.push(
      `<line x1="${at}" y1="30" x2="${at}" y2="${String(height - 10)}" stroke="${isBar ? '#333' : '#ddd'}"/>`,
      `<text x="${at}" y="20" text-anchor="middle" fill="#555">${label}</text>`,
    );
  }
  return lines.join('\n');
}

function row(figure: Figure, index: number): string {
  const { title, value, unit, bar, comparison } = figure;
  const top = 44 + index * rowHeight;
  const end = x(value / bar.limit);
  const colour = isMet(figure) ? '#2a7' : '#c52';
  const beside =
    comparison === undefined || comparison.value <= 0 ? '' : mark(comparison.value / bar.limit, top, comparison.what);
  const said = `${title}: ${amount(value, unit)}`;
  return `<text x="${String(left)}" y="${String(top + 2)}">${escaped(said)}</text>
<rect x="${String(left)}" y="${String(top + 8)}" width="${String(Math.max(2, Number(end) - left))}" height="12" fill="${colour}"/>${beside}`;
}

function mark(share: number, top: number, what: string): string {
  const at = x(share);
  return `\n<path d="M${at} ${String(top + 6)} l6 8 l-6 8 l-6 -8 z" fill="#555"><title>${escaped(what)}</title></path>`;
}

function x(share: number): string {
  const decade = Math.min(decades.to, Math.max(decades.from, Math.log10(Math.max(share, 1e-9))));
  const at = left + ((decade - decades.from) / (decades.to - decades.from)) * (width - 2 * left);
  return at.toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
