import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Fence } from '../../domain/fence.ts';
import type { CommandResult } from '../../remote/shell.ts';
import { type FencedAction, underFence } from '../fenced.ts';
import type { LibvirtNode } from './node.ts';

/** Others may pass through but not look around: QEMU runs as a user of its own and opens its disks by path. */
const MAKE = `
(umask 066; mkdir -p -- "$directory")
chmod 0711 -- "$directory"
`;

/** Runs an action while nobody with a lower epoch can act on the node's directory, which is made when it is missing. */
export function inNodeDirectory(
  node: LibvirtNode,
  fence: Fence,
  action: FencedAction,
  context: CallContext,
): Promise<CommandResult> {
  const path = node.directory;
  const directory = { path, record: posix.join(path, '.owner.json'), lock: posix.join(path, '.lock') };
  return underFence(node.shell, { directory, fence }, { ...action, script: MAKE + action.script }, context);
}

/** Proves that the fence is still the highest, and makes the directory. */
export async function claimNodeDirectory(node: LibvirtNode, fence: Fence, context: CallContext): Promise<void> {
  await inNodeDirectory(node, fence, { what: `use the directory of ${node.domain}`, script: '', args: [] }, context);
}

/** Removes files of the node, wherever they lie below its directory. Of nothing: success. */
export async function removeFiles(
  node: LibvirtNode,
  fence: Fence,
  paths: readonly string[],
  context: CallContext,
): Promise<void> {
  if (paths.length === 0) return;
  const action = { what: `remove files of ${node.domain}`, script: 'rm -f -- "$@"', args: paths };
  await inNodeDirectory(node, fence, action, context);
}
