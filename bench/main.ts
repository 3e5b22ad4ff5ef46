import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { errorChain } from '../src/domain/errors.ts';
import { packageRoot } from '../src/platform/state-directory.ts';
import { benchmarks } from './benchmarks.ts';
import type { Benchmark } from './benchmark.ts';
import { describeMachine } from './machine.ts';
import { updateDocuments } from './render/documents.ts';
import { markdownTable } from './render/table.ts';
import { writeResults, type Figure, type Results } from './results.ts';
import { prepareServers } from './servers.ts';

interface Options {
  readonly quick?: true;
  readonly render?: true;
}

const resultsDirectory = join(packageRoot(), 'bench', 'results');
const say = (line: string): void => console.log(line);

const program = new Command('npm run bench --')
  .description(
    'Measures the figures of docs/figures.md. Without names all of them: the results are then kept in bench/results, and the tables and the plot are made anew.',
  )
  .argument('[names...]', 'benchmarks to run; nothing is kept of a part')
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
  const quick = options.quick === true;
  if (options.render === true) {
    await updateDocuments(packageRoot(), resultsDirectory);
    return 0;
  }
  const chosen = choose(names);
  const results = await measureAll(chosen, quick);
  say(`\n${markdownTable(results)}`);
  for (const { benchmark, why } of results.missing) say(`No figure from ${benchmark}: ${why}`);
  if (!quick && names.length === 0) {
    say(`\nKept in ${await writeResults(resultsDirectory, results)}`);
    await updateDocuments(packageRoot(), resultsDirectory);
  }
  return results.missing.length === 0 ? 0 : 1;
}

function choose(names: readonly string[]): readonly Benchmark[] {
  const unknown = names.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) program.error(`there is no benchmark ${unknown.join(', ')}; see --help`);
  return names.length === 0 ? benchmarks : benchmarks.filter(({ name }) => names.includes(name));
}

async function measureAll(chosen: readonly Benchmark[], quick: boolean): Promise<Results> {
  const started = new Date();
  const machine = await describeMachine(tmpdir());
  for (const [name, value] of Object.entries(machine)) say(`${name.padEnd(12)} ${value}`);
  const figures: Figure[] = [];
  const missing: Results['missing'] = [];
  const servers = await prepareServers();
  try {
    for (const benchmark of chosen) {
      try {
        figures.push(...(await measureOne(benchmark, quick)));
      } catch (error) {
        // One that cannot be had does not take the others with it.
        console.error(error);
        missing.push({ benchmark: benchmark.name, why: errorChain(error) });
      }
    }
  } finally {
    await servers.stop();
  }
  const seconds = Math.round((Date.now() - started.getTime()) / 1000);
  return { schema: 1, started: started.toISOString(), seconds, quick, machine, figures, missing };
}

async function measureOne(benchmark: Benchmark, quick: boolean): Promise<readonly Figure[]> {
  const directory = await mkdtemp(join(tmpdir(), `imprint-bench-${benchmark.name}-`));
  const started = Date.now();
  const sayHere = (line: string): void =>
    say(`[${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s] ${benchmark.name}: ${line}`);
  try {
    sayHere(benchmark.about);
    return await benchmark.measure({ quick, directory, say: sayHere });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
