import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { errorChain } from '../src/domain/errors.ts';
import { ensureSystemPackages } from '../src/platform/packages.ts';
import { createProgressReporter } from '../src/platform/progress.ts';
import { packageRoot } from '../src/platform/state-directory.ts';
import { benchmarks } from './benchmarks.ts';
import type { Benchmark } from './benchmark.ts';
import { describeMachine } from './machine.ts';
import { updateDocuments } from './render/documents.ts';
import { markdownTable } from './render/table.ts';
import { keep, type Measured } from './results.ts';
import { prepareServers } from './servers.ts';

interface Options {
  readonly quick?: true;
  readonly render?: true;
}

const resultsDirectory = join(packageRoot(), 'bench', 'results');
const say = (line: string): void => console.log(line);

const program = new Command('npm run bench --')
  .description(
    'Measures the figures of docs/figures.md, without names all of them, keeps the results in bench/results, and makes the tables and the plot anew.',
  )
  .argument('[names...]', 'benchmarks to run; what they find takes the place of what they found before')
  .addOption(new Option('--quick', 'smaller sizes, to see that a benchmark works; nothing is kept').conflicts('render'))
  .option('--render', 'measure nothing; make tables and plot of the newest results anew')
  .addHelpText(
    'after',
    `\nBenchmarks:\n${benchmarks.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`).join('\n')}\n\nExit status: 0 when everything was measured, 1 otherwise; a missed bar is a result.`,
  );

program.parse();
try {
  process.exitCode = await main(program.args, program.opts<Options>());
} catch (error) {
  console.error(errorChain(error));
  process.exitCode = 1;
}

async function main(names: readonly string[], options: Options): Promise<number> {
  const measured = options.render === true ? [] : await measureAll(choose(names), options.quick === true);
  if (options.quick !== true) {
    for (const file of await updateDocuments(packageRoot(), resultsDirectory)) say(`Made anew: ${file}`);
  }
  return measured.some(({ failed }) => failed !== undefined) ? 1 : 0;
}

function choose(names: readonly string[]): readonly Benchmark[] {
  const unknown = names.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) program.error(`there is no benchmark ${unknown.join(', ')}; see --help`);
  return names.length === 0 ? benchmarks : benchmarks.filter(({ name }) => names.includes(name));
}

async function measureAll(chosen: readonly Benchmark[], quick: boolean): Promise<readonly Measured[]> {
  const machine = await describeMachine(tmpdir());
  for (const [name, value] of Object.entries(machine)) say(`${name.padEnd(12)} ${value}`);
  const servers = await prepareServers();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Ends what this process started: workers and Temporal servers end with it.
    process.once(signal, () => void servers.stop().finally(() => process.exit(130)));
  }
  const all: Measured[] = [];
  try {
    for (const benchmark of chosen) {
      const measured = await measureOne(benchmark, quick);
      all.push(measured);
      // At once, so that nothing is lost when a later one is interrupted.
      if (!quick) say(`Kept in ${await keep(resultsDirectory, { schema: 1, machine, measured: all })}`);
    }
  } finally {
    await servers.stop();
  }
  say(`\n${markdownTable({ schema: 1, machine, measured: all })}`);
  return all;
}

/** One that cannot be had does not take the others with it. */
async function measureOne(benchmark: Benchmark, quick: boolean): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), `imprint-bench-${benchmark.name}-`));
  const started = new Date();
  const load = loadavg()
    .map((value) => value.toFixed(2))
    .join(' ');
  const passed = (): number => Math.round((Date.now() - started.getTime()) / 1000);
  const sayHere = (line: string): void => say(`[${String(passed()).padStart(4)} s] ${benchmark.name}: ${line}`);
  const about = { benchmark: benchmark.name, started: started.toISOString(), load };
  try {
    sayHere(benchmark.about);
    await ensureSystemPackages(benchmark.needs, createProgressReporter());
    const figures = await benchmark.measure({ quick, directory, say: sayHere });
    return { ...about, seconds: passed(), figures: [...figures] };
  } catch (error) {
    console.error(error);
    return { ...about, seconds: passed(), figures: [], failed: errorChain(error) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
