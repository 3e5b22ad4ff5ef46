import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import type { Fence } from '../../domain/fence.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { currentDefinition } from './define.ts';
import { powerOff } from './load-power.ts';
import { asideDirectory, newDefinitionPath } from './names.ts';
import { claimNodeDirectory, inNodeDirectory, removeFiles } from './node-directory.ts';
import { type LibvirtDeps, type LibvirtNode, openNode } from './node.ts';
import { findOutgoing, foreignDisks, keepOutgoing, ownDisks, removeLeftovers, setAside } from './outgoing.ts';

/** Deletes the disks that the load replaced, or sets them aside. What lies outside the node's directory stays. Done already: success. */
export async function retireOutgoing(node: LibvirtNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  const { fence } = request;
  await claimNodeDirectory(node, fence, context);
  const outgoing = await findOutgoing(node, fence, context);
  const current = await currentDefinition(node, context);
  const inUse = ownDisks(node, current);
  const old = ownDisks(node, outgoing?.definition).filter((path) => !inUse.includes(path));
  const left = foreignDisks(node, outgoing?.definition);
  const log = current?.consoleLog === undefined ? [] : [current.consoleLog];
  const keep = [...inUse, ...log, newDefinitionPath(node.directory, fence.owner)];
  if (request.keepOutgoing) {
    const moved = outgoing === undefined ? [] : [...old, outgoing.path];
    return { setAside: await setAside(node, fence, moved, context), disks: [...old], left: [...left] };
  }
  await removeFiles(node, fence, old, context);
  const leftovers = await removeLeftovers(node, fence, keep, context);
  return { deleted: [...old], leftovers: [...leftovers], left: [...left] };
}

/** Powers the node off, removes its definition and the disks in its own directory; nothing that was set aside. Of nothing: success. */
export async function unload(
  deps: LibvirtDeps,
  computer: Computer,
  fence: Fence,
  context: CallContext,
): Promise<Evidence> {
  const node = openNode(deps, computer);
  await claimNodeDirectory(node, fence, context);
  const power = await powerOff(node, context);
  const outgoing = await keepOutgoing(node, fence, context);
  const current = await currentDefinition(node, context);
  if (current !== undefined) await node.virsh.undefine(node.domain, context.signal);
  const own = ownDisks(node, outgoing.definition);
  await removeFiles(node, fence, own, context);
  await removeLeftovers(node, fence, [], context);
  return { ...power, deleted: [...own], left: [...foreignDisks(node, outgoing.definition)] };
}

/** Deletes what loads have set aside on this node. Of nothing: success. */
export async function discardSetAside(
  deps: LibvirtDeps,
  computer: Computer,
  fence: Fence,
  context: CallContext,
): Promise<Evidence> {
  const node = openNode(deps, computer);
  const aside = asideDirectory(node.directory);
  const action = { what: `delete what was set aside for ${node.domain}`, script: 'rm -rf -- "$1"', args: [aside] };
  await inNodeDirectory(node, fence, action, context);
  return { deleted: aside };
}
