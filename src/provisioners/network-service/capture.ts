import { setTimeout as delay } from 'node:timers/promises';
import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, ImprintError, IntegrityError, NotReadyError, errorChain } from '../../domain/errors.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { CaptureCheck, CaptureRequest, StagedImage } from '../provisioner.ts';
import { formatServiceDefinition, parseServiceDefinition } from './definition.ts';
import { findText, writeText } from './files.ts';
import { missingPrograms } from './host-check.ts';
import type { ServiceNode } from './node.ts';
import { readImageOf, seeService, stoppedParts } from './running.ts';
import { checkText } from './scratch.ts';
import type { SeenService } from './service.ts';
import { definitionPath, openStaging, removeStaged } from './staging.ts';

/** Between the two readings that must be equal: somebody who is configuring types a line in less. */
const BETWEEN_READINGS_MS = 500;

/** What stands in the way of a capture. Reads only. */
export async function checkCapture(node: ServiceNode, context: CallContext): Promise<CaptureCheck> {
  const missing = await missingPrograms(node, context);
  if (missing.length > 0) return { problems: missing, bytesNeeded: 0 };
  try {
    const seen = await seeService(node, context);
    const text = node.service.imageOf(seen.running);
    const stopped = await stoppedParts(node, seen, context);
    const empty = `${node.service.subject} has no configuration that an image could hold`;
    const problems = [...stopped, ...(text === '' ? [empty] : [])].map((problem) => ({ where: 'service', problem }));
    return { problems, bytesNeeded: Buffer.byteLength(text) };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof ImprintError)) throw error;
    return { problems: [{ where: 'service', problem: errorChain(error) }], bytesNeeded: 0 };
  }
}

/** The plan as data: nothing of it changes the service. */
export function captureSteps(node: ServiceNode): readonly PlanStep[] {
  const { service, computer } = node;
  return [
    {
      id: 'read-configuration',
      title: `Read the configuration of ${service.subject} on ${computer.name}`,
      by: 'provisioner',
      kind: 'readConfiguration',
      pace: 'poll',
      deadlineSeconds: 120,
      arguments: { file: service.file },
      undo: { title: `Remove the staged ${service.file}` },
    },
    {
      id: 'check-configuration',
      title: `Check ${service.file} with the service's own tool`,
      by: 'provisioner',
      kind: 'checkConfiguration',
      pace: 'short',
      arguments: { file: service.file },
      undo: { none: 'It only reads.' },
    },
  ];
}

/** Reads what runs, twice, and stages it. NotReadyError while somebody is changing it. */
export async function readConfiguration(
  node: ServiceNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<Evidence> {
  const { service, shell, computer } = node;
  const seen = await seeService(node, context);
  await refuseStopped(node, seen, context);
  const text = service.imageOf(seen.running);
  await delay(BETWEEN_READINGS_MS, undefined, { signal: context.signal });
  if ((await readImageOf(node, context)) !== text) {
    throw new NotReadyError(`the configuration of ${service.subject} on ${computer.name} is being changed`);
  }
  if (text === '') throw new IntegrityError(`read ${service.subject} on ${shell.host}: it has no configuration`);
  const definition = service.define(seen);
  await openStaging(request, context);
  const { library } = request;
  await writeText(library.shell, posix.join(request.staging, service.file), text, context);
  await writeText(library.shell, definitionPath(request), formatServiceDefinition(definition), context);
  return {
    file: service.file,
    bytes: Buffer.byteLength(text),
    lines: text.split('\n').length - 1,
    parts: definition.parts,
  };
}

/** Seen once more by the step itself: since the check a daemon may have crashed. */
async function refuseStopped(node: ServiceNode, seen: SeenService, context: CallContext): Promise<void> {
  const stopped = await stoppedParts(node, seen, context);
  if (stopped.length === 0) return;
  throw new ConflictError(`read ${node.service.subject} on ${node.shell.host}: ${stopped.join('; ')}`);
}

/** Removes what was staged. Of nothing: success. */
export async function undoReadConfiguration(
  node: ServiceNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<Evidence> {
  await removeStaged(request, node.service.file, context);
  return { removed: node.service.file };
}

/** Has the staged configuration checked on the host that it was read from; IntegrityError when its own tool refuses it. */
export async function checkConfiguration(
  node: ServiceNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<Evidence> {
  const { text } = await staged(node, request, context);
  const { running } = await seeService(node, context);
  await checkText(node, request.fence, node.service.compose(text, running), context);
  return { checked: node.service.file, bytes: Buffer.byteLength(text) };
}

/** What the steps of a capture left in the staging directory; IntegrityError when one of them has not been done. */
export async function stagedImage(
  node: ServiceNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<StagedImage> {
  const { text, definition } = await staged(node, request, context);
  const { kind, file } = node.service;
  const size = Buffer.byteLength(text);
  return { disks: [{ name: kind, file, format: 'configuration', virtualSizeBytes: size }], definition, forced: false };
}

async function staged(
  { service }: ServiceNode,
  request: CaptureRequest,
  context: CallContext,
): Promise<{ readonly text: string; readonly definition: string }> {
  const { shell } = request.library;
  const text = await findText(shell, posix.join(request.staging, service.file), context);
  const definition = await findText(shell, definitionPath(request), context);
  if (text === undefined || definition === undefined) {
    throw new IntegrityError(`read what was staged in ${request.staging}: the configuration has not been read`);
  }
  parseServiceDefinition(definition, request.staging);
  return { text, definition };
}
