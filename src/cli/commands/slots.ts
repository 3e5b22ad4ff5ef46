import type { Command } from 'commander';
import type { BmcTurnState } from '../../catalog/bmc-turns.ts';
import type { SlotResourceState } from '../../catalog/slots.ts';
import { parseSlotCapacity, parseSlotResource } from '../../domain/slots.ts';
import { formatTime } from '../amounts.ts';
import { addCommand, addGroup } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { table } from '../style.ts';

export function addSlotsCommands(program: Command, session: Session): void {
  const slots = addGroup(program, 'slots', {
    summary: 'show and set how many loads may use a management node, a host or a library at once',
    examples: ['imprint slots list', 'imprint slots set host/kvm-2 8'],
  });
  addCommand(slots, 'list', {
    summary: 'list who has slots, and who waits for which, in the order of the queue',
    examples: ['imprint slots list', 'imprint slots list --json'],
  }).action(async (options: OutputOptions) => {
    const states = await withCatalog(async (catalog) => await catalog.slots.list());
    const head = ['resource', 'slots', 'run', 'place', 'since'];
    printResult(session, options, states, table(head, states.flatMap(rows), 'no run has or waits for a slot'));
  });
  addCommand(slots, 'controllers', {
    summary: 'list the management controllers that were spoken to, and which process speaks to one now',
    examples: ['imprint slots controllers', 'imprint slots controllers --json'],
  }).action(async (options: OutputOptions) => {
    const turns = await withCatalog(async (catalog) => await catalog.bmcTurns.list());
    const head = ['controller', 'process', 'since', 'last command ended'];
    printResult(session, options, turns, table(head, turns.map(turnRow), 'no management controller was spoken to yet'));
  });
  addCommand(slots, 'set <resource> <number>', {
    summary: 'set how many may use a resource at once: management-node/NAME, host/NAME or library/NAME',
    examples: ['imprint slots set host/kvm-2 8', 'imprint slots set management-node/mn-a 0   # nothing begins there'],
  }).action(async (name: string, number: string, options: OutputOptions) => {
    const resource = parseSlotResource(name);
    const count = parseSlotCapacity(/^\d+$/.test(number) ? Number(number) : number);
    await withCatalog(async (catalog) => await catalog.slots.setCapacity(resource, count));
    printResult(session, options, { resource, slots: count }, `${resource} has ${String(count)} slots from now on.`);
  });
}

function turnRow({ bmc, holder, since, lastUsed }: BmcTurnState): readonly string[] {
  const time = (at: string | undefined): string => (at === undefined ? '-' : formatTime(at));
  return [bmc, holder ?? '-', time(since), time(lastUsed)];
}

/** One line for each holder and each that waits; one for a resource that nobody uses. */
function rows({ resource, slots, holders, queue }: SlotResourceState): readonly (readonly string[])[] {
  const lines = [
    ...holders.map(({ run, since }) => [run, 'has one', formatTime(since)]),
    ...queue.map(({ run, position, since }) => [run, String(position), formatTime(since)]),
  ];
  return (lines.length === 0 ? [['-', '-', '-']] : lines).map((line, index) =>
    index === 0 ? [resource, `${String(holders.length)} of ${String(slots)}`, ...line] : ['', '', ...line],
  );
}
