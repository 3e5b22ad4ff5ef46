import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, NotReadyError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { isOurs } from './define.ts';
import { claimNodeDirectory } from './node-directory.ts';
import type { LibvirtNode } from './node.ts';
import { askOff, forceOff, powerOn, readPower } from './power.ts';

const POLL_MS = 1_000;

/** A system that is still booting does not hear the power button; one that is shutting down does not mind it. */
const PRESS_AGAIN_MS = 10_000;

/** Asks the outgoing system to power off, and cuts its power at the limit of the settings: it is being replaced. */
export async function powerOffOutgoing(
  node: LibvirtNode,
  request: LoadRequest,
  context: CallContext,
): Promise<Evidence> {
  await claimNodeDirectory(node, request.fence, context);
  if (await isOurs(node, request, context)) return { outgoing: 'replaced already' };
  return powerOff(node, context);
}

/** Off, whatever it takes: the power button, then, after the limit of the settings, the plug. */
export async function powerOff(node: LibvirtNode, context: CallContext): Promise<Evidence> {
  const limit = Date.now() + node.settings.shutdownSeconds * 1_000;
  let pressNext = Date.now();
  while (Date.now() <= limit) {
    if (Date.now() >= pressNext) {
      await askOff(node, context);
      pressNext += PRESS_AGAIN_MS;
    }
    const { value, raw } = await readPower(node, context);
    if (value === 'off') return { off: raw, forced: false };
    context.progress({ what: `Wait until ${node.domain} has powered off` });
    await delay(POLL_MS, undefined, { signal: context.signal });
  }
  await forceOff(node, context);
  const { value, raw } = await readPower(node, context);
  if (value === 'off') return { off: raw, forced: true };
  throw new NotReadyError(`${node.domain} is still ${raw} after its power was cut`);
}

/** Starts what this run defined; anything else under that name is a ConflictError. Running already: success. */
export async function start(node: LibvirtNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  await claimNodeDirectory(node, request.fence, context);
  if (!(await isOurs(node, request, context))) {
    throw new ConflictError(`start ${node.domain}: what is defined was not defined by this run`);
  }
  await powerOn(node, context);
  const { value, raw } = await readPower(node, context);
  return { power: value, raw };
}

/** Cuts the power of what this run defined; leaves anything else alone. */
export async function undoStart(node: LibvirtNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  await claimNodeDirectory(node, request.fence, context);
  if (!(await isOurs(node, request, context))) return { power: 'not ours' };
  await forceOff(node, context);
  return { power: (await readPower(node, context)).raw };
}
