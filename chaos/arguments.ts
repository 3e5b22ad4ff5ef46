import { Command, InvalidArgumentError, Option } from 'commander';
import { mutations } from './controls/mutations.ts';
import type { PlayOptions } from './play.ts';

/** What `npm run chaos` was asked for. */
export interface ChaosArguments {
  readonly kind: 'simulated' | 'real' | 'controls' | 'render';
  readonly options: Omit<PlayOptions, 'untilViolated'> & { readonly endMs: number };
  /** Names of the mutations to play. */
  readonly controls: readonly string[];
  /** Whether what is found is kept in chaos/results and shown in the documents. */
  readonly keep: boolean;
}

interface Given {
  readonly kills?: number;
  readonly seed: string;
  readonly nodes?: number;
  readonly workers?: number;
  readonly atOnce?: number;
  readonly real?: true;
  readonly controls?: true | string[];
  readonly keep?: true;
  readonly render?: true;
}

const minute = 60_000;

const defaults = {
  simulated: { kills: 200, nodes: 300, workers: 3, atOnce: 16, meanMs: 4_000, endMs: 15 * minute },
  // A guest boots for most of a minute without KVM: faults that came faster would leave no run time to go on.
  real: { kills: 25, nodes: 2, workers: 2, atOnce: 1, meanMs: 25_000, endMs: 20 * minute },
} as const;

/**
 * Answers what was asked for. Throws commander's CommanderError for what cannot be, and for --help; `complain` has then been told what was wrong
 * (default: it is printed to stderr).
 */
export function parseArguments(
  argv: readonly string[],
  complain: (text: string) => void = (text) => void process.stderr.write(text),
): ChaosArguments {
  const program = createProgram().configureOutput({ writeErr: complain });
  program.parse([...argv], { from: 'user' });
  const { real, controls, keep, render, seed, ...given } = program.opts<Given>();
  if (real === true && controls !== undefined)
    program.error('error: --controls are played over the simulated world: leave --real out');
  const numbers = defaults[real === true ? 'real' : 'simulated'];
  return {
    kind: render === true ? 'render' : controls !== undefined ? 'controls' : real === true ? 'real' : 'simulated',
    options: { ...numbers, ...given, seed },
    controls: Array.isArray(controls) ? controls : mutations.map(({ name }) => name),
    keep: keep === true,
  };
}

function createProgram(): Command {
  const names = mutations.map(({ name }) => name).join(', ');
  return new Command('npm run chaos --')
    .exitOverride()
    .description(
      'Runs captures, loads and power runs over a simulated world, or over real virtual machines, while workers, Temporal, PostgreSQL, jobs and more are killed, and says whether what must hold did hold. What is drawn from the seed is drawn again from the same seed; when things happen also depends on the machine.',
    )
    .option('--real', 'over virtual machines of a libvirt daemon of its own, with a real sshd and real copies')
    .option('--kills <number>', `how many faults (${both('kills')})`, whole)
    .option('--seed <text>', 'what the faults and the workload are drawn from', '1')
    .option('--nodes <number>', `simulated nodes, or virtual machines (${both('nodes')})`, whole)
    .option('--workers <number>', `worker processes (${both('workers')})`, whole)
    .option('--at-once <number>', `nodes that have a run at the same time (${both('atOnce')})`, whole)
    .option('--controls [names...]', `play Imprint with a mistake instead, each of which must be caught: ${names}`)
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
}

function both(name: 'kills' | 'nodes' | 'workers' | 'atOnce'): string {
  return `default: ${String(defaults.simulated[name])}, with --real ${String(defaults.real[name])}`;
}

function whole(value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value);
  throw new InvalidArgumentError(`expected a whole number from 1; got ${JSON.stringify(value)}`);
}
