import { isAbsolute } from 'node:path';
import type { Command } from 'commander';
import type { Catalog, ManagementNode } from '../../catalog/catalog.ts';
import { isFresh } from '../../domain/check-in.ts';
import { InvalidInputError } from '../../domain/errors.ts';
import { parseName } from '../../domain/names.ts';
import { formatDuration } from '../amounts.ts';
import { addCommand, addGroup } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { fields, listed, table } from '../style.ts';
import { addManagementNodesEditCommand } from './management-nodes-edit.ts';

interface AddOptions extends OutputOptions {
  readonly address: string;
  readonly library: string;
}

export function addManagementNodesCommands(program: Command, session: Session): void {
  const group = addGroup(program, 'management-nodes', {
    summary: 'list, show and add management nodes',
    examples: ['imprint management-nodes list', 'imprint management-nodes show mn-a'],
  });
  addCommand(group, 'list', {
    summary: 'list all management nodes, whether their workers are there, and what they drive',
    examples: ['imprint management-nodes list', 'imprint management-nodes list --json'],
  }).action(async (options: OutputOptions) => {
    const all = await withCatalog(async (catalog) => {
      const found = await catalog.managementNodes.list();
      return await Promise.all(found.map(async (node) => await lookUp(catalog, node)));
    });
    const head = ['management node', 'worker', 'address', 'library', 'systems'];
    const rows = all.map((node) => [node.name, worker(node), node.address, node.libraryRoot, listed(node.systems)]);
    printResult(session, options, all, table(head, rows, 'no management nodes; a worker adds its own when it starts'));
  });
  addCommand(group, 'show <management-node>', {
    summary: 'show a management node with the nodes that it reaches',
    examples: ['imprint management-nodes show mn-a'],
  }).action(async (name: string, options: OutputOptions) => {
    const { node, ...reach } = await withCatalog(async (catalog) => await show(catalog, name));
    printResult(session, options, { ...node, ...reach }, describe({ node, ...reach }));
  });
  addCommand(group, 'add <management-node>', {
    summary: 'add a management node before its worker has run; a worker that starts adds its own',
    examples: ['imprint management-nodes add mn-a --address 10.0.0.2 --library /srv/imprint'],
  })
    .requiredOption('--address <host>', 'address under which other hosts reach it')
    .requiredOption('--library <directory>', 'absolute path of its image library')
    .action(async (name: string, options: AddOptions) => await add(session, name, options));
  addManagementNodesEditCommand(group, session);
}

type Listed = ManagementNode & { readonly fresh: boolean; readonly systems: readonly string[] };

async function lookUp(catalog: Catalog, node: ManagementNode): Promise<Listed> {
  const systems = await catalog.provisioningSystems.drivenBy(node.name);
  return { ...node, fresh: isFresh(node.secondsSinceCheckIn), systems };
}

interface Shown {
  readonly node: Listed;
  /** Those whose own management node it is. */
  readonly nodes: readonly string[];
  /** Those that it may drive while their own is away. */
  readonly alsoReaches: readonly string[];
}

async function show(catalog: Catalog, name: string): Promise<Shown> {
  const node = await lookUp(catalog, await catalog.managementNodes.get(name));
  const computers = await catalog.computers.list();
  const nodes = computers.filter(({ managementNode }) => managementNode === name).map((computer) => computer.name);
  const others = computers.filter(({ alsoReachedBy }) => alsoReachedBy?.includes(name));
  return { node, nodes, alsoReaches: others.map((computer) => computer.name) };
}

async function add(session: Session, name: string, { address, library, ...options }: AddOptions): Promise<void> {
  if (!isAbsolute(library)) throw new InvalidInputError(`library: expected an absolute path; got ${library}`);
  const node = { name: parseName('management node', name), address, libraryRoot: library };
  const added = await withCatalog(async (catalog) => await catalog.managementNodes.add(node));
  printResult(session, options, added, `Added the management node ${added.name}.`);
}

/** `here, 4s ago`; `away for 2h`; `never seen`. */
function worker({ fresh, secondsSinceCheckIn }: Listed): string {
  if (secondsSinceCheckIn === undefined) return 'never seen';
  const duration = formatDuration(secondsSinceCheckIn * 1_000);
  return fresh ? `here, ${duration} ago` : `away for ${duration}`;
}

function describe({ node, nodes, alsoReaches }: Shown): string {
  return fields([
    ['management node', node.name],
    ['worker', worker(node)],
    ['last check-in', node.lastCheckIn ?? 'never'],
    ['address', node.address],
    ['library', node.libraryRoot],
    ['systems', listed(node.systems)],
    ['nodes', listed(nodes)],
    ['also reaches', listed(alsoReaches)],
    ['id', String(node.id)],
  ]);
}
