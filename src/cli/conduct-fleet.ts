import type { FleetHandle, FleetProgress, ImprintClient } from '../client.ts';
import type { Config } from '../config.ts';
import { tellDetached, type RunOptions } from './conduct-run.ts';
import { withClient } from './connect.ts';
import { exitStatuses } from './exit-status.ts';
import { openFleetView } from './fleet-view.ts';
import { fleetHeadline, fleetTable } from './fleet-words.ts';
import { followRun } from './follow-run.ts';
import { runAddress } from './run-address.ts';
import { outcomeOf, stateOf } from './run-words.ts';
import { holdInterrupt, printDocument, printResult, type OutputOptions, type Session } from './session.ts';

/** Starts a fleet and shows its nodes until all have ended; with `detach` only says its id. Ctrl-C ends the watching, never the fleet. */
export async function conductFleet(
  session: Session,
  options: RunOptions,
  start: (client: ImprintClient) => Promise<FleetHandle>,
): Promise<void> {
  await withClient(async (client, config) => {
    const interrupt = holdInterrupt(session);
    try {
      const fleet = await start(client);
      if (options.detach === true) printResult(session, options, { run: fleet.id }, fleet.id);
      else await watchFleetToEnd(session, { fleet, options, config }, interrupt.signal);
    } finally {
      interrupt.release();
    }
  });
}

/** A fleet that is watched, and how its end is told. */
interface WatchedFleet {
  readonly fleet: FleetHandle;
  readonly options: OutputOptions;
  readonly config: Config;
}

/** Shows the fleet and, at the end, what came of each node. */
export async function watchFleetToEnd(
  session: Session,
  { fleet, options, config }: WatchedFleet,
  signal: AbortSignal,
): Promise<void> {
  const view = openFleetView(session.terminal, options.json === true);
  const last = await followRun(fleet, view, signal);
  if (last === undefined) return tellDetached(session, options, fleet.id);
  if (stateOf(last) !== 'completed') session.status = exitStatuses.failed;
  const address = runAddress(config, fleet.id);
  const document = { run: fleet.id, state: stateOf(last), outcome: outcomeOf(last), address, nodes: last.nodes };
  if (options.json === true) printDocument(session, document);
  else session.terminal.print(summary(last, address));
}

function summary(last: FleetProgress, address: string | undefined): string {
  const lines = ['', fleetTable(last), '', `${fleetHeadline(last)} (run ${last.run.id})`];
  return [...lines, ...(address === undefined ? [] : [address])].join('\n');
}
