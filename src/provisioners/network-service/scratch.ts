import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Fence } from '../../domain/fence.ts';
import { runDirectory, writeText } from './files.ts';
import { inNodeDirectory, type ServiceNode } from './node.ts';
import { checkFile } from './run-command.ts';

/** Has a text checked by the service's own tool, from a file that is removed again. IntegrityError says what the tool found. */
export async function checkText(node: ServiceNode, fence: Fence, text: string, context: CallContext): Promise<void> {
  const directory = runDirectory(node.directory, fence.owner);
  const path = posix.join(directory, `check-${node.service.file}`);
  const open = { what: `use the directory of ${node.computer.name}`, script: 'mkdir -p -- "$1"', args: [directory] };
  await inNodeDirectory(node, fence, open, context);
  await writeText(node.shell, path, text, context);
  try {
    await checkFile(node, node.service.file, path, context);
  } finally {
    const script = 'rm -f -- "$1"; rmdir -- "$2" 2>/dev/null || :';
    const remove = { what: `remove ${path}`, script, args: [path, directory] };
    await inNodeDirectory(node, fence, remove, context);
  }
}
