import type { Command } from 'commander';
import type { Catalog, Claim } from '../../catalog/catalog.ts';
import type { Computer } from '../../domain/computer.ts';
import { nameOfRevision } from '../../domain/image.ts';
import type { NodeReservation } from '../../domain/node-reservation.ts';
import { addCommand, addGroup } from '../command.ts';
import { withCatalog } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { fields, listed, table } from '../style.ts';
import { addNodesAddCommand } from './nodes-add.ts';
import { addNodesEditCommand } from './nodes-edit.ts';
import { addNodesRemoveCommand } from './nodes-remove.ts';
import { addNodesReleaseCommand } from './nodes-release.ts';
import { addNodesReserveCommands } from './nodes-reserve.ts';

export function addNodesCommands(program: Command, session: Session): void {
  const nodes = addGroup(program, 'nodes', {
    summary: 'list, show, add, edit, remove, release, reserve and reclaim nodes',
    examples: ['imprint nodes list', 'imprint nodes show lab-07'],
  });
  addCommand(nodes, 'list', {
    summary: 'list all nodes with their state and what is loaded on them',
    examples: ['imprint nodes list', 'imprint nodes list --json'],
  }).action(async (options: OutputOptions) => {
    const all = await withCatalog(async (catalog) => {
      const computers = await catalog.computers.list();
      return await Promise.all(computers.map(async (computer) => await lookUp(catalog, computer)));
    });
    const head = ['node', 'state', 'loaded', 'system', 'management node', 'address', 'owned by'];
    printResult(
      session,
      options,
      all.map(document),
      table(head, all.map(row), 'no nodes; add one with imprint nodes add'),
    );
  });
  addCommand(nodes, 'show <node>', {
    summary: 'show all that the catalog knows of a node',
    examples: ['imprint nodes show lab-07'],
  }).action(async (name: string, options: OutputOptions) => {
    const node = await withCatalog(async (catalog) => await lookUp(catalog, await catalog.computers.get(name)));
    printResult(session, options, document(node), describe(node));
  });
  addNodesAddCommand(nodes, session);
  addNodesEditCommand(nodes, session);
  addNodesRemoveCommand(nodes, session);
  addNodesReleaseCommand(nodes, session);
  addNodesReserveCommands(nodes, session);
}

interface Node {
  readonly computer: Computer;
  readonly claim: Claim | undefined;
  /** Name of the revision that is loaded. */
  readonly loaded: string | undefined;
  readonly reservation: NodeReservation | undefined;
}

async function lookUp(catalog: Catalog, computer: Computer): Promise<Node> {
  const id = computer.currentRevisionId;
  const loaded = id === undefined ? undefined : nameOfRevision(await catalog.revisions.get(id));
  const [claim, reservation] = [
    await catalog.claims.find(computer.name),
    await catalog.nodeReservations.find(computer.name),
  ];
  return { computer, loaded, claim, reservation };
}

function document({ computer, claim, loaded, reservation }: Node): unknown {
  return {
    ...computer,
    loaded,
    reservation,
    ownedBy: claim?.owner,
    ownedSince: claim?.since,
    drivenBy: claim?.managementNode,
  };
}

function row({ computer, claim, loaded }: Node): readonly string[] {
  const { name, state, provisioningSystem, managementNode, address, sshPort } = computer;
  return [
    name,
    state,
    loaded ?? '-',
    provisioningSystem,
    managementNode,
    `${address}:${String(sshPort)}`,
    claim?.owner ?? '-',
  ];
}

function ownerWords({ owner, since, managementNode }: Claim): string {
  return `${owner}, since ${since}, driven by ${managementNode}`;
}

function userWords({ user, from, by, until }: NodeReservation): string {
  return `${user} from ${from}, by ${by}${until === undefined ? '' : `, until ${until}`}`;
}

function describe({ computer, claim, loaded, reservation }: Node): string {
  const rows: readonly (readonly [string, string])[] = [
    ['node', computer.name],
    ['state', computer.state],
    ['owned by', claim === undefined ? 'no run' : ownerWords(claim)],
    ['loaded', loaded ?? 'nothing is recorded'],
    ...(reservation === undefined ? [] : [['reserved for', userWords(reservation)] as const]),
    ['management node', computer.managementNode],
    ['also reached by', listed(computer.alsoReachedBy ?? [])],
    ['provisioning system', computer.provisioningSystem],
    ['address', `${computer.address}, SSH on port ${String(computer.sshPort)}`],
    ['MAC addresses', computer.macAddresses.join(', ') || '-'],
    ['memory, processors', `${String(computer.memoryMiB)} MiB, ${String(computer.cpus)}`],
    ['host keys', computer.hostKeys === undefined ? 'not known yet' : computer.hostKeys.join('\n')],
    ['id', String(computer.id)],
    ['settings', JSON.stringify(computer.settings, undefined, 2)],
  ];
  return fields(rows);
}
