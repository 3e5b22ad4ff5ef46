import { isMet, type Figure, type Measured, type Results } from '../results.ts';

/** The table of all figures, as GitHub's Markdown. */
export function markdownTable(results: Results): string {
  const rows = figuresOf(results).map((figure) => [
    figure.title,
    amount(figure.value, figure.unit),
    barText(figure),
    isMet(figure) ? 'met' : `**missed** by ${missedBy(figure)}`,
    comparisonText(figure),
  ]);
  return table([['what', 'measured', 'bar', '', 'beside it'], ...rows]);
}

/** All rows, in the order of the table. */
export function figuresOf({ measured }: Results): readonly Figure[] {
  return measured.flatMap(({ figures }) => figures);
}

/** What it was measured on, in one paragraph. */
export function machineText({ measured, machine }: Results): string {
  const { processor, memory, kernel, system, fileSystem, guests } = machine;
  const { node, temporal, temporalSdk, qemu, libvirt, openssl } = machine;
  const days = [...new Set(measured.map(({ started }) => started.slice(0, 10)))].sort();
  const minutes = measured.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
  return [
    `Measured ${days.join(', ')} in ${String(Math.round(minutes))} minutes on ${text(processor)}, ${text(memory)}, ${text(system)},`,
    `kernel ${text(kernel)}, ${text(fileSystem)}; guests ${text(guests)}. Node ${text(node)}; Temporal SDK ${text(temporalSdk)},`,
    `${text(temporal)}; ${text(qemu)}; ${text(libvirt)}; ${text(openssl)}.`,
  ].join('\n');
}

/** How each figure was measured, when, under which load, with every sample. */
export function detailsText({ measured }: Results): string {
  return measured.map(benchmarkText).join('\n\n');
}

function benchmarkText({ benchmark, started, seconds, load, figures, failed }: Measured): string {
  const when = `${started.slice(0, 16).replace('T', ' ')} UTC, ${String(seconds)} s, load averages before it ${load}`;
  const heading = `#### ${benchmark}\n\n${when}.`;
  const failure = failed === undefined ? [] : [`Not measured: ${failed}`];
  return [heading, ...failure, ...figures.map(figureText)].join('\n\n');
}

function figureText({ title, how, samples, unit }: Figure): string {
  const lists = Object.entries(samples).map(([name, values]) => `- ${name}: ${values.map(number).join(', ')}`);
  return [`**${title}** (${unit}). ${how}`, '', ...lists].join('\n');
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
function number(value: number): string {
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
