import type { CallContext } from '../../domain/call-context.ts';
import { UnavailableError } from '../../domain/errors.ts';
import { findText } from './files.ts';
import type { ServiceNode } from './node.ts';
import { look, said } from './run-command.ts';
import type { SeenService, ServiceCommand } from './service.ts';

/** What runs on the host now. UnavailableError when the service does not answer. */
export async function readRunning(node: ServiceNode, context: CallContext): Promise<string> {
  return await read(node, node.service.read, context);
}

/** The same with its state, for an undo that puts it back exactly. */
export async function saveRunning(node: ServiceNode, context: CallContext): Promise<string> {
  return await read(node, node.service.save, context);
}

/** What runs, and which parts of the service do. */
export async function seeService(node: ServiceNode, context: CallContext): Promise<SeenService> {
  const { census } = node.service;
  return {
    running: await readRunning(node, context),
    census: census === undefined ? '' : await read(node, census, context),
  };
}

/** Which parts of the service do not run whose configuration an image must have, a sentence each. */
export async function stoppedParts(
  node: ServiceNode,
  seen: SeenService,
  context: CallContext,
): Promise<readonly string[]> {
  const { service, shell } = node;
  if (service.stopped === undefined) return [];
  return service.stopped((await findText(shell, service.persistedAt, context)) ?? '', seen);
}

/** The image's part of what runs. */
export async function readImageOf(node: ServiceNode, context: CallContext): Promise<string> {
  return node.service.imageOf(await readRunning(node, context));
}

async function read(node: ServiceNode, command: ServiceCommand, context: CallContext): Promise<string> {
  const result = await look(node, command, context);
  if (result.exitCode === 0) return result.stdout;
  const { service, shell } = node;
  throw new UnavailableError(`read ${service.subject} on ${shell.host}: ${command.file} says ${said(service, result)}`);
}
