import { isMet, type Figure, type Results } from '../results.ts';

/** The table of all figures, as GitHub's Markdown. */
export function markdownTable({ figures }: Results): string {
  const rows = figures.map((figure) => [
    figure.title,
    amount(figure.value, figure.unit),
    barText(figure),
    isMet(figure) ? 'met' : `**missed** by ${missedBy(figure)}`,
    comparisonText(figure),
  ]);
  return table([['what', 'measured', 'bar', '', 'beside it'], ...rows]);
}

/** What it was measured on, in one paragraph. */
export function machineText({ started, seconds, machine }: Results): string {
  const { processor, memory, kernel, system, fileSystem, guests, loadAtStart } = machine;
  const { node, temporal, temporalSdk, qemu, libvirt, openssl } = machine;
  return [
    `Measured ${started.slice(0, 10)} in ${String(Math.round(seconds / 60))} minutes on ${text(processor)}, ${text(memory)}, ${text(system)},`,
    `kernel ${text(kernel)}, ${text(fileSystem)}; guests ${text(guests)}; load averages at the start ${text(loadAtStart)}.`,
    `Node ${text(node)}; Temporal SDK ${text(temporalSdk)}, ${text(temporal)}; ${text(qemu)}; ${text(libvirt)}; ${text(openssl)}.`,
  ].join('\n');
}

/** How each figure was measured, with every sample. */
export function detailsText({ figures, missing }: Results): string {
  const parts = figures.map(({ title, how, samples, unit }) => {
    const lists = Object.entries(samples).map(([name, values]) => `- ${name}: ${values.map(number).join(', ')}`);
    return [`**${title}** (${unit}). ${how}`, '', ...lists].join('\n');
  });
  const left = missing.map(({ benchmark, why }) => `**Not measured: ${benchmark}.** ${why}`);
  return [...parts, ...left].join('\n\n');
}

export function amount(value: number, unit: string): string {
  return unit === 'times' ? `${number(value)} times` : `${number(value)} ${unit}`;
}

function barText({ bar, unit }: Figure): string {
  return `${bar.kind} ${amount(bar.limit, unit)}`;
}

function missedBy({ value, bar, unit }: Figure): string {
  return amount(Math.abs(value - bar.limit), unit);
}

function comparisonText({ comparison, unit }: Figure): string {
  if (comparison === undefined) return '';
  const when = comparison.measured === 'same run' ? '' : ' (measured once, before)';
  return `${comparison.what}: ${amount(comparison.value, unit)}${when}`;
}

/** Three significant digits, and no more than a whole number needs. */
export function number(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

function text(value: string | undefined): string {
  return value ?? 'unknown';
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
