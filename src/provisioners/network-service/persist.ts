import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError } from '../../domain/errors.ts';
import type { Fence } from '../../domain/fence.ts';
import { nameOfRevision } from '../../domain/image.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { findText } from './files.ts';
import { readImage } from './image.ts';
import { inNodeDirectory, type ServiceNode } from './node.ts';
import { findOutgoing, type Outgoing, outgoingOf } from './outgoing.ts';
import { act } from './run-command.ts';

/** The mode of the file that is replaced stays; a new one is for its owner alone. */
const PUT = `
mkdir -p -- "\${2%/*}"
if [ -e "$2" ]; then cp -pT -- "$2" "$2.imprint"; else (umask 077; : > "$2.imprint"); fi
cat -- "$1" > "$2.imprint"
sync -- "$2.imprint"
mv -fT -- "$2.imprint" "$2"
`;

/** Makes what runs what the service starts with, and reads that back. */
export async function persist(node: ServiceNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  const { service, shell } = node;
  const { text } = await readImage(node, request, context);
  await persistWanted(node, request.fence, context);
  const found = await findText(shell, service.persistedAt, context);
  if (found === undefined || service.imageOf(found) !== text) {
    throw new IntegrityError(
      `make ${nameOfRevision(request.revision)} what ${service.subject} starts with: ${service.persistedAt} says something else`,
    );
  }
  return { persisted: service.persistedAt };
}

/** Writes what was applied, without looking at it again. */
export async function persistWanted(node: ServiceNode, fence: Fence, context: CallContext): Promise<void> {
  const { service } = node;
  const what = `write ${service.persistedAt}`;
  if (service.persist !== undefined) return await act(node, { fence, what, command: service.persist }, context);
  const args = [outgoingOf(node, fence).wanted, service.persistedAt];
  await inNodeDirectory(node, fence, { what, script: PUT, args }, context);
}

/** Puts back what the service started with. Nothing kept: success. */
export async function undoPersist(node: ServiceNode, { fence }: LoadRequest, context: CallContext): Promise<Evidence> {
  const kept = await findOutgoing(node, fence, context);
  if (kept === undefined) return { restored: 'nothing was changed' };
  await putPersistedBack(node, { fence, kept }, context);
  return { restored: node.service.persistedAt };
}

const BACK = `
if [ -e "$1" ]; then
  cmp -s -- "$1" "$2" || { cp -pT -- "$1" "$2.imprint"; mv -fT -- "$2.imprint" "$2"; }
else
  rm -f -- "$2"
fi
`;

/** With the owner and the mode that it had; removed where there was none. */
export async function putPersistedBack(
  node: ServiceNode,
  { fence, kept }: { readonly fence: Fence; readonly kept: Outgoing },
  context: CallContext,
): Promise<void> {
  const { persistedAt } = node.service;
  const what = `put ${posix.basename(persistedAt)} of ${node.computer.name} back`;
  await inNodeDirectory(node, fence, { what, script: BACK, args: [kept.persisted, persistedAt] }, context);
}
