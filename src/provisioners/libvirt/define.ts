import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError } from '../../domain/errors.ts';
import { nameOfRevision } from '../../domain/image.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { type Definition, parseDefinition } from './definition.ts';
import { formatDomain } from './domain-xml.ts';
import { parseImageDefinition } from './image-definition.ts';
import { consolePath, machineUuid, newDefinitionPath } from './names.ts';
import { newDisks } from './new-disks.ts';
import { claimNodeDirectory, removeFiles } from './node-directory.ts';
import type { LibvirtNode } from './node.ts';
import { findOutgoing, keepOutgoing } from './outgoing.ts';
import { readPower } from './power.ts';
import { writeNote } from './staging.ts';

/** Whether what is defined now was defined by this run. */
export async function isOurs(node: LibvirtNode, request: LoadRequest, context: CallContext): Promise<boolean> {
  return (await currentDefinition(node, context))?.load?.run === request.fence.owner;
}

export async function currentDefinition(node: LibvirtNode, context: CallContext): Promise<Definition | undefined> {
  const text = await node.virsh.definition(node.domain, context.signal);
  return text === undefined ? undefined : parseDefinition(text);
}

/** Defines the domain with the new disks; keeps the definition that was there first. Defined already by this run: success. */
export async function define(node: LibvirtNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  await claimNodeDirectory(node, request.fence, context);
  const uuid = machineUuid(node.computer);
  if (await isOurs(node, request, context)) return { defined: node.domain, uuid };
  const { value, raw } = await readPower(node, context);
  if (value !== 'off') throw new ConflictError(`define ${node.domain}: it is ${raw}, expected off`);
  const outgoing = await keepOutgoing(node, request.fence, context);
  const path = newDefinitionPath(node.directory, request.fence.owner);
  await writeNote(node, path, newDefinition(node, request), context);
  // libvirt refuses a second domain of the same name; the file that was kept brings the first one back.
  if (outgoing.definition !== undefined && outgoing.definition.uuid !== uuid) {
    await node.virsh.undefine(node.domain, context.signal);
  }
  await node.virsh.define(path, context.signal);
  return {
    defined: node.domain,
    uuid,
    replaced: outgoing.definition?.load?.revision ?? outgoing.definition?.name ?? 'nothing',
  };
}

/** Gives the earlier definition back, or removes the domain where there was none. Nothing defined by this run: success. */
export async function undoDefine(node: LibvirtNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  await claimNodeDirectory(node, request.fence, context);
  const outgoing = await findOutgoing(node, request.fence, context);
  if (outgoing === undefined) return { restored: 'nothing was changed' };
  const { definition } = outgoing;
  const current = await currentDefinition(node, context);
  if (current?.load?.run === request.fence.owner && definition?.uuid !== current.uuid) {
    await node.virsh.undefine(node.domain, context.signal);
  }
  if (definition !== undefined) await node.virsh.define(outgoing.path, context.signal);
  const { owner } = request.fence;
  const made = [newDefinitionPath(node.directory, owner), consolePath(node.directory, owner), outgoing.path];
  await removeFiles(node, request.fence, made, context);
  return { restored: definition?.name ?? 'no domain' };
}

function newDefinition(node: LibvirtNode, request: LoadRequest): string {
  const { computer, settings, domain } = node;
  const { revision, fence } = request;
  return formatDomain({
    computer,
    settings,
    domain,
    image: parseImageDefinition(revision.manifest?.source.definition),
    disks: newDisks(node, request).map(({ path, base }) => ({
      path,
      ...(settings.clone === 'copy-on-write' ? { backing: base } : {}),
    })),
    consoleLog: consolePath(node.directory, fence.owner),
    load: { revision: nameOfRevision(revision), revisionId: revision.id, run: fence.owner },
  });
}
