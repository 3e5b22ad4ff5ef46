import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Requirement } from '../../domain/requirement.ts';
import { systemPackages, type SystemPackage } from '../../domain/system-packages.ts';
import { nameOfHost } from '../host-settings.ts';
import type { RequirementsRequest } from '../provisioner.ts';
import { packageRequirements, unreached } from '../tool-requirements.ts';
import { type NetworkServiceDeps, openNode, type ServiceNode } from './node.ts';
import { seeService } from './running.ts';

/**
 * On each host of the services: the programs of their kinds, and each service that answers. Without a computer nothing says which hosts and kinds there
 * are.
 */
export async function serviceRequirements(
  deps: NetworkServiceDeps,
  { computers }: RequirementsRequest,
  context: CallContext,
): Promise<readonly Requirement[]> {
  const found: Requirement[] = [];
  for (const [host, nodes] of byHost(computers.map((computer) => openNode(deps, computer)))) {
    const [first] = nodes;
    if (first === undefined) continue;
    const place = { shell: first.shell, where: `host ${host}` };
    const programs = [...new Set(nodes.flatMap(({ service }) => service.programs))];
    const tools = await packageRequirements(place, programs.map(packageOf), context);
    found.push(...tools);
    // Of a host that does not answer that is said once.
    if (tools.some(({ what }) => what === 'a shell')) continue;
    for (const node of nodes) found.push(await answers(node, context));
  }
  return found;
}

function byHost(nodes: readonly ServiceNode[]): ReadonlyMap<string, readonly ServiceNode[]> {
  const hosts = new Map<string, ServiceNode[]>();
  for (const node of nodes) {
    const host = nameOfHost(node.settings.host, node.computer);
    hosts.set(host, [...(hosts.get(host) ?? []), node]);
  }
  return hosts;
}

/** FRR's own programs lie where the settings say; the package is the same. */
function packageOf(program: string): SystemPackage {
  const known = systemPackages.networkService.find(
    ({ shownBy }) => posix.basename(shownBy) === posix.basename(program),
  );
  return { shownBy: program, package: known?.package ?? posix.basename(program) };
}

async function answers(node: ServiceNode, context: CallContext): Promise<Requirement> {
  const [where, what] = [node.computer.name, node.service.subject];
  try {
    const { census } = await seeService(node, context);
    const parts = census.trim().split(/\s+/).join(', ');
    return { where, what, found: parts === '' ? 'it answers' : `it answers; ${parts} run`, ok: true };
  } catch (error) {
    return unreached({ where, what }, error, context);
  }
}
