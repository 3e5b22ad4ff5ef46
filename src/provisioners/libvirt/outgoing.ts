import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Fence } from '../../domain/fence.ts';
import { type Definition, parseDefinition } from './definition.ts';
import { asideDirectory, isInside, outgoingDefinitionPath, runTag } from './names.ts';
import { inNodeDirectory, removeFiles } from './node-directory.ts';
import type { LibvirtNode } from './node.ts';
import { findText, writeNote } from './staging.ts';

/** What a run found on the node before it changed anything. */
export interface Outgoing {
  /** File that keeps it; empty when no domain was defined. */
  readonly path: string;
  /** Absent when no domain was defined. */
  readonly definition?: Definition;
}

/** Keeps the definition that this run found, once: a retry finds what the first attempt kept. */
export async function keepOutgoing(node: LibvirtNode, fence: Fence, context: CallContext): Promise<Outgoing> {
  const kept = await findOutgoing(node, fence, context);
  if (kept !== undefined) return kept;
  const path = outgoingDefinitionPath(node.directory, fence.owner);
  const text = (await node.virsh.definition(node.domain, context.signal)) ?? '';
  await writeNote(node, path, text, context);
  return outgoing(path, text);
}

/** What this run kept; undefined when it has kept nothing (yet, or any more). */
export async function findOutgoing(
  node: LibvirtNode,
  fence: Fence,
  context: CallContext,
): Promise<Outgoing | undefined> {
  const path = outgoingDefinitionPath(node.directory, fence.owner);
  const text = await findText(node, path, context);
  return text === undefined ? undefined : outgoing(path, text);
}

function outgoing(path: string, text: string): Outgoing {
  return text.trim() === '' ? { path } : { path, definition: parseDefinition(text) };
}

/** Disks of the definition that lie in the node's own directory; others are not ours to delete. */
export function ownDisks(node: LibvirtNode, definition: Definition | undefined): readonly string[] {
  const aside = asideDirectory(node.directory);
  return (definition?.disks ?? []).flatMap(({ path }) =>
    path !== undefined && isInside(node.directory, path) && !isInside(aside, path) ? [path] : [],
  );
}

/** Disks of the definition that lie elsewhere, and stay there. */
export function foreignDisks(node: LibvirtNode, definition: Definition | undefined): readonly string[] {
  return (definition?.disks ?? []).flatMap(({ path }) =>
    path !== undefined && !isInside(node.directory, path) ? [path] : [],
  );
}

/** Moves disks and the definition that names them to `aside/<run>/`, under the same names. Moved already: success. */
export async function setAside(
  node: LibvirtNode,
  fence: Fence,
  paths: readonly string[],
  context: CallContext,
): Promise<string> {
  const target = posix.join(asideDirectory(node.directory), runTag(fence.owner));
  const script = `
target=$1
shift
mkdir -p -- "$target"
for path; do [ ! -e "$path" ] || mv -fT -- "$path" "$target/\${path##*/}"; done
`;
  const action = { what: `set the disks of ${node.domain} aside`, script, args: [target, ...paths] };
  await inNodeDirectory(node, fence, action, context);
  return target;
}

/**
 * Removes what earlier loads left at the top of the node's directory: disks, logs and definitions with the names that loads give, but
 * for the files in `keep`. Never a file of another name, never what was set aside.
 */
export async function removeLeftovers(
  node: LibvirtNode,
  fence: Fence,
  keep: readonly string[],
  context: CallContext,
): Promise<readonly string[]> {
  const tag = '[0-9a-f]'.repeat(10);
  const patterns = [
    `*-${tag}-*.qcow2`,
    `*-${tag}-*.qcow2.part`,
    `console-${tag}.log*`,
    `load-${tag}.xml`,
    `outgoing-${tag}.xml`,
  ];
  const names = patterns.flatMap((pattern, index) => (index === 0 ? ['-name', pattern] : ['-o', '-name', pattern]));
  const args = [node.directory, '-maxdepth', '1', '-type', 'f', '(', ...names, ')'];
  const options = { signal: context.signal, timeoutMs: 30_000, allowedExitCodes: [0, 1] };
  const found = (await node.shell.run('find', args, options)).stdout.split('\n').filter((path) => path !== '');
  const leftovers = found.filter((path) => !keep.includes(path));
  await removeFiles(node, fence, leftovers, context);
  await removeOldJobRecords(node, context);
  return leftovers;
}

/** Locks and fences of ended jobs; after 90 days no attempt of their runs can come back. */
async function removeOldJobRecords(node: LibvirtNode, context: CallContext): Promise<void> {
  const args = [posix.join(node.directory, '.jobs'), '-maxdepth', '1', '-type', 'f', '-mtime', '+90', '-delete'];
  const options = { signal: context.signal, timeoutMs: 30_000, allowedExitCodes: [0, 1] };
  await node.shell.run('find', args, options);
}
