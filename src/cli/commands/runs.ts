import { Option, type Command } from 'commander';
import type { ImprintClient, RunProgress } from '../../client.ts';
import { ConflictError } from '../../domain/errors.ts';
import { runStates, type RunRecord, type RunState } from '../../domain/run.ts';
import { formatDuration, formatTime } from '../amounts.ts';
import { addCommand, addGroup } from '../command.ts';
import { watchFleetToEnd } from '../conduct-fleet.ts';
import { lookOnce, watchToEnd } from '../conduct-run.ts';
import { withClient } from '../connect.ts';
import { describeRun } from '../describe-run.ts';
import { wholeNumber } from '../parse-arguments.ts';
import { runAddress } from '../run-address.ts';
import { headline, stateOf } from '../run-words.ts';
import { addRunsAnswerCommands } from './runs-answers.ts';
import { holdInterrupt, printResult, type OutputOptions, type Session } from '../session.ts';
import { table } from '../style.ts';
import { addRunsExportCommand } from './runs-export.ts';
import { addRunsReplayCommand } from './runs-replay.ts';

interface ListOptions extends OutputOptions {
  readonly node?: string;
  readonly state?: RunState;
  readonly limit: number;
}

const longestList = 1_000;

export function addRunsCommands(program: Command, session: Session): void {
  const runs = addGroup(program, 'runs', {
    summary: 'list, show, watch, cancel, export and replay runs',
    examples: ['imprint runs list --node lab-07', 'imprint runs watch captureImage/lab-07/monday'],
  });
  addList(runs, session);
  addCommand(runs, 'show <run>', {
    summary: 'show a run: its steps with times, attempts, evidence and errors',
    examples: ['imprint runs show captureImage/lab-07/monday'],
  }).action(async (id: string, options: OutputOptions) => {
    await withClient(async (client, config) => {
      const progress = await look(client, id);
      const address = runAddress(config, id);
      const document = {
        ...progress.run,
        state: stateOf(progress),
        address,
        steps: progress.steps,
        activity: progress.activity,
      };
      printResult(session, options, document, describeRun(progress, address));
    });
  });
  addCommand(runs, 'watch <run>', {
    summary: 'watch a run until it has ended',
    examples: ['imprint runs watch captureImage/lab-07/monday'],
  }).action(async (id: string, options: OutputOptions) => await watch(session, id, options));
  addRunsAnswerCommands(runs, session);
  addCommand(runs, 'cancel <run>', {
    summary: 'ask a run to stop and to take its steps back',
    examples: ['imprint runs cancel captureImage/lab-07/monday'],
  }).action(async (id: string, options: OutputOptions) => await cancel(session, id, options));
  addRunsExportCommand(runs, session);
  addRunsReplayCommand(runs, session);
}

function addList(runs: Command, session: Session): void {
  addCommand(runs, 'list', {
    summary: 'list runs, the newest first',
    examples: ['imprint runs list', 'imprint runs list --node lab-07 --state failed --limit 5'],
  })
    .option('--node <name>', 'only runs of this node')
    .addOption(new Option('--state <state>', 'only runs in this state').choices(runStates))
    .option('--limit <number>', 'at most so many', wholeNumber(longestList), 20)
    .action(async ({ json: _json, ...filter }: ListOptions, command: Command) => {
      const all = await withClient(async (client) => {
        const found = await client.catalog.runs.list(filter);
        return await Promise.all(found.map(async (run) => ({ ...run, state: await presentState(client, run) })));
      });
      const head = ['run', 'what', 'state', 'begun', 'took', 'outcome'];
      printResult(session, command.opts(), all, table(head, all.map(row), 'no runs'));
    });
}

/** The catalog is not told when a run is terminated in Temporal, so what seems to run is looked at. */
async function presentState(client: ImprintClient, run: RunRecord): Promise<string> {
  return run.state === 'running' ? stateOf(await look(client, run.id)) : run.state;
}

function row(run: Omit<RunRecord, 'state'> & { readonly state: string }): readonly string[] {
  const took = run.ended === undefined ? '-' : formatDuration(Date.parse(run.ended) - Date.parse(run.created));
  return [run.id, headline(run), run.state, formatTime(run.created), took, run.outcome ?? '-'];
}

async function look(client: ImprintClient, id: string): Promise<RunProgress> {
  const run = await client.catalog.runs.get(id);
  return (await lookOnce(client.run(id))) ?? { run, steps: await client.catalog.runs.steps(id), status: 'GONE' };
}

async function watch(session: Session, id: string, options: OutputOptions): Promise<void> {
  await withClient(async (client, config) => {
    const { procedure } = await client.catalog.runs.get(id);
    const interrupt = holdInterrupt(session);
    try {
      if (procedure === 'loadFleet') {
        await watchFleetToEnd(session, { fleet: await client.fleet(id), options, config }, interrupt.signal);
      } else await watchToEnd(session, { run: client.run(id), options, config }, interrupt.signal);
    } finally {
      interrupt.release();
    }
  });
}

async function cancel(session: Session, id: string, options: OutputOptions): Promise<void> {
  await withClient(async (client) => {
    const progress = await look(client, id);
    if (progress.status !== 'RUNNING') throw new ConflictError(`run ${id} is over: ${stateOf(progress)}`);
    await client.run(id).cancel();
    const text = `Run ${id} was asked to stop; its steps are taken back.\n  watch it:  imprint runs watch ${id}`;
    printResult(session, options, { run: id, cancelRequested: true }, text);
  });
}
