import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import type { Requirement } from '../../domain/requirement.ts';
import type { RequirementsRequest } from '../provisioner.ts';
import { toolRequirements, unreached } from '../tool-requirements.ts';
import { diskDirectoryProblems } from './disk-directory.ts';
import { libraryProblems } from './library-view.ts';
import { type LibvirtDeps, type LibvirtNode, openNode } from './node.ts';
import { hostName } from './settings.ts';

/**
 * On each host of the computers: the commands, a libvirt that answers at each URI, each directory for disks, and the library where the settings
 * say. Without a computer nothing says which hosts there are, so the management node's own commands are looked at.
 */
export async function libvirtRequirements(
  deps: LibvirtDeps,
  { computers, library }: RequirementsRequest,
  context: CallContext,
): Promise<readonly Requirement[]> {
  if (computers.length === 0) {
    return await toolRequirements({ shell: library.shell, where: 'this management node' }, ['libvirtHost'], context);
  }
  const found: Requirement[] = [];
  for (const [host, nodes] of byHost(deps, computers)) {
    const where = `host ${host}`;
    const [first] = nodes;
    if (first === undefined) continue;
    found.push(...(await toolRequirements({ shell: first.shell, where }, ['libvirtHost'], context)));
    for (const node of oneEach(nodes, ({ settings }) => settings.uri)) {
      found.push(await daemonRequirement(node, where, context));
    }
    for (const node of oneEach(nodes, placeOf)) {
      found.push(...(await placeRequirements({ node, where }, library, context)));
    }
  }
  return found;
}

function byHost(
  deps: LibvirtDeps,
  computers: RequirementsRequest['computers'],
): ReadonlyMap<string, readonly LibvirtNode[]> {
  const hosts = new Map<string, LibvirtNode[]>();
  for (const computer of computers) {
    const name = hostName(computer);
    hosts.set(name, [...(hosts.get(name) ?? []), openNode(deps, computer)]);
  }
  return hosts;
}

/** One node for each value, since what is looked at is the same for all that share it. */
function oneEach(nodes: readonly LibvirtNode[], keyOf: (node: LibvirtNode) => string): readonly LibvirtNode[] {
  return [...new Map(nodes.map((node) => [keyOf(node), node])).values()];
}

function placeOf({ settings }: LibvirtNode): string {
  return JSON.stringify([settings.diskDirectory, settings.library]);
}

async function daemonRequirement(node: LibvirtNode, where: string, context: CallContext): Promise<Requirement> {
  const what = `libvirt at ${node.settings.uri}`;
  try {
    const domains = await node.virsh.list(context.signal);
    return { where, what, found: `it answers and has ${String(domains.length)} domains`, ok: true };
  } catch (error) {
    return unreached({ where, what }, error, context);
  }
}

interface Placed {
  readonly node: LibvirtNode;
  readonly where: string;
}

async function placeRequirements(
  { node, where }: Placed,
  library: RequirementsRequest['library'],
  context: CallContext,
): Promise<readonly Requirement[]> {
  const { diskDirectory, library: view } = node.settings;
  const disks = async () => await diskDirectoryProblems(node, context);
  const found = [await placeRequirement({ node, where, what: `disk directory ${diskDirectory}` }, disks, context)];
  // A library of the host's own is made by the first capture that needs it.
  if (typeof view === 'object' && 'own' in view) return found;
  const images = async () => await libraryProblems(node, library, context);
  return [...found, await placeRequirement({ node, where, what: `library ${library.name}` }, images, context)];
}

async function placeRequirement(
  { node, where, what }: Placed & { readonly what: string },
  look: () => Promise<readonly Problem[]>,
  context: CallContext,
): Promise<Requirement> {
  try {
    const [wrong] = await look();
    if (wrong === undefined) return { where, what, found: 'it is there', ok: true };
    const remedy = `mend it on ${where}, or ${wrong.where} of its nodes, such as ${node.computer.name}: imprint nodes edit`;
    return { where, what, found: wrong.problem, ok: false, remedy };
  } catch (error) {
    return unreached({ where, what }, error, context);
  }
}
