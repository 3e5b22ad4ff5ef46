import type { Command } from 'commander';
import { addCommand, addGroup } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { describeSystem, systemRow } from '../render-systems.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { table } from '../style.ts';
import { readSystem, readSystems } from '../systems.ts';
import { addSystemsAddCommand } from './systems-add.ts';
import { addSystemsCheckCommand } from './systems-check.ts';

const head = [
  ...['system', 'capture', 'load', 'power', 'status', 'unload', 'host keys'],
  ...['management nodes', 'install types', 'settings'],
];

export function addSystemsCommands(program: Command, session: Session): void {
  const group = addGroup(program, 'systems', {
    summary: 'list, show and check provisioning systems, and say who drives them and what they load',
    examples: ['imprint systems list', 'imprint systems show libvirt'],
  });
  addCommand(group, 'list', {
    summary: 'list all provisioning systems: what each can do, who drives it, what it loads, which settings are wrong',
    examples: ['imprint systems list', 'imprint systems list --json'],
  }).action(async (options: OutputOptions) => {
    const all = await withCatalog(readSystems);
    printResult(session, options, all, table(head, all.map(systemRow), 'no provisioning systems'));
  });
  addCommand(group, 'show <system>', {
    summary: 'show a provisioning system with its settings, its nodes and the operating systems that it may load',
    examples: ['imprint systems show libvirt'],
  }).action(async (name: string, options: OutputOptions) => {
    const system = await withCatalog(async (catalog) => await readSystem(catalog, name));
    printResult(session, options, system, describeSystem(system));
  });
  addSystemsCheckCommand(group, session);
  addSystemsAddCommand(group, session);
}
