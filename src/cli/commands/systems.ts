import type { Command } from 'commander';
import type { Catalog, ProvisioningSystemRow } from '../../catalog/catalog.ts';
import { NotFoundError } from '../../domain/errors.ts';
import type { SystemCapabilities } from '../../worker/describe-systems.ts';
import { addCommand, addGroup } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { fields, listed, table } from '../style.ts';
import { addSystemsAddCommand } from './systems-add.ts';

export function addSystemsCommands(program: Command, session: Session): void {
  const group = addGroup(program, 'systems', {
    summary: 'list and show provisioning systems, and say who drives them and what they load',
    examples: ['imprint systems list', 'imprint systems show libvirt'],
  });
  addCommand(group, 'list', {
    summary: 'list all provisioning systems: what each can do, who drives it, what it loads',
    examples: ['imprint systems list', 'imprint systems list --json'],
  }).action(async (options: OutputOptions) => {
    const all = await withCatalog(readSystems);
    const head = ['system', 'capture', 'load', 'power', 'status', 'management nodes', 'install types'];
    printResult(session, options, all, table(head, all.map(row), 'no provisioning systems'));
  });
  addCommand(group, 'show <system>', {
    summary: 'show a provisioning system with its nodes and the operating systems that it may load',
    examples: ['imprint systems show libvirt'],
  }).action(async (name: string, options: OutputOptions) => {
    const system = await withCatalog(async (catalog) => await readSystem(catalog, name));
    printResult(session, options, system, describe(system));
  });
  addSystemsAddCommand(group, session);
}

interface System extends ProvisioningSystemRow {
  /** Absent when this program has no module for it. */
  readonly can?: SystemCapabilities;
}

/** The modules of this program and what the catalog knows besides. */
async function readSystems(catalog: Catalog): Promise<readonly System[]> {
  // Provisioners bring libraries that other commands do without.
  const { describeSystems } = await import('../../worker/describe-systems.ts');
  const modules = describeSystems();
  const rows = await catalog.provisioningSystems.list();
  const names = [...new Set([...Object.keys(modules), ...rows.map(({ name }) => name)])].sort();
  return names.map((name) => {
    const known = rows.find((candidate) => candidate.name === name);
    const can = modules[name];
    return { ...(known ?? { name, managementNodes: [], installTypes: [] }), ...(can === undefined ? {} : { can }) };
  });
}

interface ShownSystem extends System {
  readonly nodes: readonly string[];
  readonly operatingSystems: readonly string[];
}

async function readSystem(catalog: Catalog, name: string): Promise<ShownSystem> {
  const all = await readSystems(catalog);
  const system = all.find((candidate) => candidate.name === name);
  if (system === undefined) {
    const names = all.map((other) => other.name).join(', ');
    throw new NotFoundError(`no provisioning system ${JSON.stringify(name)}; there are ${names}`);
  }
  const computers = await catalog.computers.list();
  const nodes = computers.filter(({ provisioningSystem }) => provisioningSystem === name);
  const loadable = (await catalog.operatingSystems.list()).filter(({ installType }) =>
    system.installTypes.includes(installType),
  );
  return { ...system, nodes: nodes.map((node) => node.name), operatingSystems: loadable.map((os) => os.name) };
}

function row({ name, can, managementNodes, installTypes }: System): readonly string[] {
  const abilities = [can?.capture, can?.load, can?.power, can?.status].map(yesNo);
  return [name, ...abilities, listed(managementNodes), listed(installTypes)];
}

function describe(system: ShownSystem): string {
  const { name, can, managementNodes, installTypes, nodes, operatingSystems } = system;
  return fields([
    ['system', name],
    ['capture', yesNo(can?.capture)],
    ['load', yesNo(can?.load)],
    ['power', yesNo(can?.power)],
    ['status', yesNo(can?.status)],
    ['management nodes', listed(managementNodes)],
    ['install types', listed(installTypes)],
    ['operating systems', listed(operatingSystems)],
    ['nodes', listed(nodes)],
  ]);
}

/** `?` where this program has no module for the system. */
function yesNo(value: boolean | undefined): string {
  if (value === undefined) return '?';
  return value ? 'yes' : 'no';
}
