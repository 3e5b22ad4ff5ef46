import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError, NotReadyError } from '../../domain/errors.ts';
import { nameOfRevision } from '../../domain/image.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { compareLines } from './compare.ts';
import { readImage } from './image.ts';
import type { ServiceNode } from './node.ts';
import { outgoingOf } from './outgoing.ts';
import { look, said } from './run-command.ts';
import { readImageOf } from './running.ts';
import { settled } from './settled.ts';

/** Reads back what runs: byte by byte what the image says, and nothing left to be applied. IntegrityError shows what differs. */
export async function proveApplied(node: ServiceNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  const { text } = await readImage(node, request, context);
  const { wanted } = outgoingOf(node, request.fence);
  const fault = await settled(async () => await faultOf(node, { text, wanted }, context), context);
  if (fault === undefined) return { identical: nameOfRevision(request.revision), bytes: Buffer.byteLength(text) };
  throw new IntegrityError(`${node.service.subject} does not run ${nameOfRevision(request.revision)}: ${fault}`);
}

/** The same once the service was restarted; NotReadyError while it differs or does not answer. */
export async function proveRestarted(node: ServiceNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  const { text } = await readImage(node, request, context);
  const running = await readImageOf(node, context);
  const name = nameOfRevision(request.revision);
  if (running === text) return { identical: name, afterRestart: true };
  const { lines } = compareLines(text, running, node.service.redact);
  throw new NotReadyError(`${node.service.subject} does not run ${name} after its restart: ${lines.join('; ')}`);
}

async function faultOf(
  node: ServiceNode,
  { text, wanted }: { readonly text: string; readonly wanted: string },
  context: CallContext,
): Promise<string | undefined> {
  const running = await readImageOf(node, context);
  if (running !== text) return compareLines(text, running, node.service.redact).lines.join('; ');
  const { rest } = node.service;
  if (rest === undefined) return undefined;
  const result = await look(node, rest.command(wanted), context);
  if (result.exitCode !== 0) return `its check run says ${said(node.service, result)}`;
  const left = rest.restOf(result.stdout);
  return left === undefined ? undefined : `its check run would still do: ${left}`;
}
