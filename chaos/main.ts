import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { describeMachine } from '../bench/machine.ts';
import { errorChain } from '../src/domain/errors.ts';
import { createProgressReporter } from '../src/platform/progress.ts';
import { openStateDirectory, packageRoot } from '../src/platform/state-directory.ts';
import { ensureTemporalBinary } from '../src/platform/temporal-binary.ts';
import { playControls } from './controls.ts';
import { mutations } from './controls/mutations.ts';
import { play } from './play-simulated.ts';
import { updateDocuments } from './render/documents.ts';
import { summary } from './render/table.ts';
import { keep, type Results } from './results.ts';

interface Options {
  readonly kills: number;
  readonly seed: string;
  readonly nodes: number;
  readonly workers: number;
  readonly atOnce: number;
  readonly controls?: true | string[];
  readonly keep?: true;
  readonly render?: true;
}

const whole = (value: string): number => {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new Error(`expected a whole number from 1; got ${JSON.stringify(value)}`);
  return Number(value);
};

const program = new Command('npm run chaos --')
  .description(
    'Runs captures, loads and power runs over a simulated world while workers, Temporal, PostgreSQL and jobs are killed, and says whether what must hold did hold. What is drawn from the seed is drawn again from the same seed; when things happen also depends on the machine.',
  )
  .option('--kills <number>', 'how many faults', whole, 200)
  .option('--seed <text>', 'what the faults and the workload are drawn from', '1')
  .option('--nodes <number>', 'nodes of the simulated world', whole, 300)
  .option('--workers <number>', 'worker processes', whole, 3)
  .option('--at-once <number>', 'nodes that have a run at the same time', whole, 16)
  .option('--controls [names...]', `play Imprint with a mistake instead, each of which must be caught: ${names()}`)
  .addOption(
    new Option(
      '--keep',
      'keep what was found in chaos/results, and make the tables of docs/chaos.md and README.md anew',
    ),
  )
  .option('--render', 'play nothing; make the tables anew from chaos/results')
  .addHelpText(
    'after',
    '\nExit status: 0 when everything held (with --controls: when every mistake was caught), 1 otherwise.',
  );

program.parse();
try {
  process.exitCode = await main(program.opts<Options>());
} catch (error) {
  console.error(errorChain(error));
  process.exitCode = 1;
}

function names(): string {
  return mutations.map(({ name }) => name).join(', ');
}

async function main(options: Options): Promise<number> {
  if (options.render !== true) {
    process.env['IMPRINT_TEMPORAL_BINARY'] ??= await temporalBinary();
    const found: Results = { schema: 1, machine: await describeMachine(tmpdir()), ...(await playAsAsked(options)) };
    console.log(`\n${summary(found)}`);
    if (options.keep !== true) return isGood(found) ? 0 : 1;
    await keep(join(packageRoot(), 'chaos', 'results', 'simulated.json'), found);
    await updateDocuments(packageRoot());
    return isGood(found) ? 0 : 1;
  }
  await updateDocuments(packageRoot());
  return 0;
}

async function temporalBinary(): Promise<string> {
  return (await ensureTemporalBinary(await openStateDirectory(), createProgressReporter())).path;
}

async function playAsAsked({ controls, ...options }: Options): Promise<Pick<Results, 'played' | 'controls'>> {
  const began = Date.now();
  const say = (line: string): void =>
    console.log(`[${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s] ${line}`);
  if (controls === undefined) return { played: await play({ ...options, meanMs: 4_000, endMs: 15 * 60_000, say }) };
  return { controls: await playControls(controls === true ? mutations.map(({ name }) => name) : controls, say) };
}

function isGood({ played, controls }: Results): boolean {
  return (played?.violations ?? []).length === 0 && (controls ?? []).every(({ caughtBy }) => caughtBy.length > 0);
}
