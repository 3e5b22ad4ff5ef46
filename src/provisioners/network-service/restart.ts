import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../../domain/call-context.ts';
import { ImprintError, InvalidInputError, UnavailableError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import type { ServiceNode } from './node.ts';
import { start } from './run-command.ts';
import { readRunning } from './running.ts';
import type { ServiceCommand } from './service.ts';

/** How long restarted daemons may take to answer before their undo has failed and is tried again. */
const ANSWER_MS = 30_000;

/** Restarts the service with the command of the settings. Restarting it twice does no harm. */
export async function restart(node: ServiceNode, { fence }: LoadRequest, context: CallContext): Promise<Evidence> {
  const command = restartOf(node);
  await start(node, { fence, what: `restart ${node.service.subject}`, command }, context);
  return { restarted: node.service.subject, by: command.file };
}

/** A restart that was cut may have left the service down: then it is restarted, since nothing can be put back into what does not run. */
export async function undoRestart(node: ServiceNode, { fence }: LoadRequest, context: CallContext): Promise<Evidence> {
  if (await answers(node, context)) return { running: node.service.subject };
  const what = `have ${node.service.subject} running again`;
  await start(node, { fence, what, command: restartOf(node) }, context);
  const limit = Date.now() + ANSWER_MS;
  while (Date.now() < limit) {
    if (await answers(node, context)) return { running: node.service.subject, restarted: true };
    await delay(500, undefined, { signal: context.signal });
  }
  throw new UnavailableError(`${what}: it does not answer after its restart`);
}

async function answers(node: ServiceNode, context: CallContext): Promise<boolean> {
  try {
    await readRunning(node, context);
    return true;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ImprintError) return false;
    throw error;
  }
}

function restartOf({ settings, computer }: ServiceNode): ServiceCommand {
  const [file, ...args] = settings.restart ?? [];
  if (file !== undefined) return { file, args };
  throw new InvalidInputError(`restart the service of ${computer.name}: settings.restart names no command`);
}
