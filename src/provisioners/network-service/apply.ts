import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, IntegrityError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import { nameOfRevision } from '../../domain/image.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { findText, writeText } from './files.ts';
import { readImage } from './image.ts';
import { inNodeDirectory, type ServiceNode } from './node.ts';
import { findOutgoing, type Outgoing } from './outgoing.ts';
import { putPersistedBack } from './persist.ts';
import { act, checkFile } from './run-command.ts';
import { readImageOf } from './running.ts';
import { settled } from './settled.ts';

/** Writes what the host is to run beside what was kept, and has it checked by the service's own tool. */
export async function checkWanted(node: ServiceNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  const { text } = await readImage(node, request, context);
  const kept = await requireKept(node, request.fence, context);
  const name = nameOfRevision(request.revision);
  await writeText(node.shell, kept.wanted, node.service.compose(text, kept.text), context);
  await checkFile(node, name, kept.wanted, context);
  return { checked: name, by: node.service.check(kept.wanted).file };
}

/**
 * Replaces what runs. An attempt that was cut leaves its command to end, under the lock; the next one applies the same again, whatever the first had
 * come to. That its command says 0 proves nothing: the next step reads back.
 */
export async function applyWanted(
  node: ServiceNode,
  { fence, revision }: LoadRequest,
  context: CallContext,
): Promise<Evidence> {
  const kept = await requireKept(node, fence, context);
  const what = `apply ${nameOfRevision(revision)} to ${node.service.subject}`;
  await inNodeDirectory(node, fence, { what, script: ': > "$1"', args: [kept.applying] }, context);
  const command = node.service.apply(kept.wanted);
  await act(node, { fence, what, command }, context);
  return { applied: nameOfRevision(revision), by: command.file };
}

/** Puts back what ran and what the service starts with, and proves it. Nothing applied: success. */
export async function undoApply(node: ServiceNode, { fence }: LoadRequest, context: CallContext): Promise<Evidence> {
  const kept = await findOutgoing(node, fence, context);
  if (kept === undefined || !(await wasApplied(node, { fence, kept }, context)))
    return { restored: 'nothing was applied' };
  const { service, computer, shell } = node;
  await writeText(shell, kept.wanted, service.recompose(kept.text), context);
  const what = `put back what ran on ${computer.name}`;
  await act(node, { fence, what, command: service.apply(kept.wanted) }, context);
  await putPersistedBack(node, { fence, kept }, context);
  const before = await findText(shell, kept.image, context);
  const isBack = async () => ((await readImageOf(node, context)) === before ? undefined : 'something else runs');
  if ((await settled(isBack, context)) !== undefined) {
    throw new IntegrityError(
      `${what}: ${service.subject} runs something else afterwards; it is kept in ${kept.directory}`,
    );
  }
  return { restored: service.subject };
}

async function wasApplied(
  node: ServiceNode,
  { fence, kept }: { readonly fence: Fence; readonly kept: Outgoing },
  context: CallContext,
): Promise<boolean> {
  const script = '[ -e "$1" ] || exit 10';
  const action = { what: `look whether anything was applied to ${node.computer.name}`, script, args: [kept.applying] };
  return (await inNodeDirectory(node, fence, action, context)).exitCode === 0;
}

async function requireKept(
  node: ServiceNode,
  fence: Fence,
  context: CallContext,
): Promise<Outgoing & { text: string }> {
  const kept = await findOutgoing(node, fence, context);
  if (kept !== undefined) return kept;
  throw new ConflictError(`load ${node.computer.name}: what runs on it has not been kept, so nothing may be changed`);
}
