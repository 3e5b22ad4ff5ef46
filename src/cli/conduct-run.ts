import type { ImprintClient, RunHandle, RunProgress } from '../client.ts';
import type { Config } from '../config.ts';
import { withClient } from './connect.ts';
import { exitStatuses } from './exit-status.ts';
import { followRun } from './follow-run.ts';
import { runAddress } from './run-address.ts';
import { openRunView } from './run-view.ts';
import { outcomeOf, replayOf, stateOf } from './run-words.ts';
import { holdInterrupt, printDocument, printResult, type OutputOptions, type Session } from './session.ts';
import { paint } from './style.ts';

/** Options of every command that starts a run. */
export interface RunOptions extends OutputOptions {
  readonly requestKey?: string;
  readonly detach?: true;
}

/** Starts a run and shows it until it has ended; with `detach` only says its id. Ctrl-C ends the watching, never the run. */
export async function conductRun(
  session: Session,
  options: RunOptions,
  start: (client: ImprintClient) => Promise<RunHandle<unknown>>,
): Promise<void> {
  await withClient(async (client, config) => {
    const interrupt = holdInterrupt(session);
    try {
      const run = await start(client);
      if (options.detach === true) printResult(session, options, { run: run.id }, run.id);
      else await watchToEnd(session, { run, options, config }, interrupt.signal);
    } finally {
      interrupt.release();
    }
  });
}

/** A run that is watched, and how its end is told. */
export interface Watched {
  readonly run: RunHandle<unknown>;
  readonly options: OutputOptions;
  readonly config: Config;
}

/** Shows the run and, at the end, what came of it. RunFailedError when it failed or was cancelled. */
export async function watchToEnd(session: Session, watched: Watched, signal: AbortSignal): Promise<void> {
  const { run, options, config } = watched;
  const view = openRunView(session.terminal, options.json === true);
  const last = await followRun(run, view, signal);
  const address = runAddress(config, run.id);
  if (last === undefined) return tellDetached(session, options, run.id);
  const outcome = outcomeOf(last) ?? '';
  const failed = stateOf(last) !== 'completed';
  const replay = replayOf(last);
  const takeUp = replay === undefined ? [] : [`  take it up again:  ${replay}`];
  const lines = [`${failed ? '✖' : '✔'} ${outcome}`, ...takeUp, ...addressLines(address)];
  // First the outcome: of a failed run the result is an error.
  if (options.json !== true) session.terminal.print(paint(lines, session.terminal).join('\n'));
  if (failed) session.status = exitStatuses.failed;
  // What Temporal no longer keeps cannot be asked for its result; the catalog knows what came of it.
  const result = last.status === 'GONE' ? undefined : await run.result();
  if (options.json === true) printDocument(session, { run: run.id, state: stateOf(last), outcome, address, result });
}

function addressLines(address: string | undefined): readonly string[] {
  return address === undefined ? [] : [`  ${address}`];
}

export function tellDetached(session: Session, options: OutputOptions, id: string): void {
  session.status = exitStatuses.detached;
  const lines = [
    'Detached. The run goes on.',
    `  watch it again:  imprint runs watch ${id}`,
    `  cancel it:       imprint runs cancel ${id}`,
  ];
  printResult(session, options, { run: id, detached: true }, lines.join('\n'));
}

/** The run as it stands now. */
export async function lookOnce(run: RunHandle<unknown>): Promise<RunProgress | undefined> {
  for await (const progress of run.watch()) return progress;
  return undefined;
}
