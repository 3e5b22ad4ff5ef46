import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import { addCommand } from '../command.ts';
import { conductRun, type RunOptions } from '../conduct-run.ts';
import { parseDuration } from '../parse-arguments.ts';
import type { Session } from '../session.ts';

interface ReserveOptions extends RunOptions {
  readonly user: string;
  readonly from: string;
  readonly until?: string;
  /** Milliseconds. */
  readonly for?: number;
  readonly by: string;
}

interface ReclaimOptions extends RunOptions, Pick<ReserveOptions, 'by'> {
  /** Why. */
  readonly machineIsGone?: string;
}

export function addNodesReserveCommands(nodes: Command, session: Session): void {
  const reserve = addCommand(nodes, 'reserve <node>', {
    summary: 'hand a node that is READY to a user, who reaches it over SSH from one address',
    examples: [
      'imprint nodes reserve lab-07 --user jane --from 192.0.2.9 --for 4h',
      'imprint nodes reserve lab-07 --user jane --from 2001:db8:7::/64 --until 2027-01-31T18:00:00Z',
    ],
  })
    .requiredOption('--user <account>', 'account of the node with which the user logs in')
    .requiredOption('--from <address>', 'address or network from where the user comes')
    .option('--until <time>', 'when it is taken back by itself; not given: only when somebody asks for it')
    .addOption(
      new Option('--for <time>', 'the same, from now: 90m, 2h, 3d').argParser(parseDuration).conflicts('until'),
    );
  addRunOptions(reserve).action(async (node: string, options: ReserveOptions) => {
    const { user, from, by } = options;
    const until = endOf(options);
    const input = { node, user, from, by, ...(until === undefined ? {} : { until }) };
    await conductRun(session, options, async (client) => await client.startReservation(input, keyOf(options)));
  });
  const reclaim = addCommand(nodes, 'reclaim <node>', {
    summary: 'take a node back from its user: sessions are ended, and nobody is let in any more',
    examples: ['imprint nodes reclaim lab-07', 'imprint nodes reclaim lab-07 --machine-is-gone "its mainboard burnt"'],
  }).option(
    '--machine-is-gone <reason>',
    'nothing is done at the machine, which is gone for good; the node is in maintenance then, and needs a load',
  );
  addRunOptions(reclaim).action(async (node: string, options: ReclaimOptions) => {
    const { by, machineIsGone } = options;
    const input = { node, by, ...(machineIsGone === undefined ? {} : { machineIsGone }) };
    await conductRun(session, options, async (client) => await client.startReclaim(input, keyOf(options)));
  });
}

function addRunOptions(command: Command): Command {
  return command
    .option('--by <name>', 'who asks for it', userInfo().username)
    .option('--request-key <key>', 'name of this request: asked twice, there is one run')
    .option('--detach', 'start the run, print its id and leave');
}

function endOf({ until, for: milliseconds }: ReserveOptions): string | undefined {
  return milliseconds === undefined ? until : new Date(Date.now() + milliseconds).toISOString();
}

function keyOf({ requestKey }: RunOptions): { readonly requestKey?: string } {
  return requestKey === undefined ? {} : { requestKey };
}
