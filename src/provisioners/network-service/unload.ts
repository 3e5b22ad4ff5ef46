import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import type { Evidence } from '../../domain/plan.ts';
import { writeText } from './files.ts';
import { inNodeDirectory, type ServiceNode } from './node.ts';
import { removeNote } from './note.ts';
import { deleteOutgoing, outgoingOf } from './outgoing.ts';
import { persistWanted } from './persist.ts';
import { act } from './run-command.ts';
import { readImageOf, readRunning } from './running.ts';

/** Leaves the service with nothing but what is the host's, now and when it starts. Of nothing: success. */
export async function unload(node: ServiceNode, fence: Fence, context: CallContext): Promise<Evidence> {
  const { service, computer, shell } = node;
  const what = `take the configuration of ${service.subject} off ${computer.name}`;
  const running = await readRunning(node, context);
  const { wanted, directory } = outgoingOf(node, fence);
  await inNodeDirectory(node, fence, { what, script: 'mkdir -p -- "$1"', args: [directory] }, context);
  await writeText(shell, wanted, service.compose('', running), context);
  await act(node, { fence, what, command: service.apply(wanted) }, context);
  const left = await readImageOf(node, context);
  if (left !== '') throw new IntegrityError(`${what}: ${String(left.split('\n').length - 1)} lines of it still run`);
  await persistWanted(node, fence, context);
  await removeNote(node, fence, context);
  await deleteOutgoing(node, fence, context);
  return { unloaded: service.subject, lines: service.imageOf(running).split('\n').length - 1 };
}
