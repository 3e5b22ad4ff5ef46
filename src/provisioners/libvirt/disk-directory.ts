import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import type { LibvirtNode } from './node.ts';

/** Names the directory that cannot be used. The node's own one is made when it is missing, the one for all nodes is not: its share may not be mounted. */
const LOOK = `
usable() { [ -d "$1" ] && [ -w "$1" ] && [ -x "$1" ]; }
usable "$1" || { printf '%s\\n' "$1"; exit 0; }
[ ! -e "$2" ] || usable "$2" || printf '%s\\n' "$2"
`;

/** What is wrong with where the host keeps the node's disks and the jobs that copy them. Writes nothing. */
export async function diskDirectoryProblems(node: LibvirtNode, context: CallContext): Promise<readonly Problem[]> {
  const args = ['-c', LOOK, 'imprint-libvirt', node.settings.diskDirectory, node.directory];
  const { stdout } = await node.shell.run('sh', args, { signal: context.signal, timeoutMs: 30_000 });
  const unusable = stdout.trim();
  if (unusable === '') return [];
  const problem = `${unusable} on ${node.shell.host} is missing or cannot be written to; is its file system mounted, and not read-only?`;
  return [{ where: 'settings.diskDirectory', problem }];
}
