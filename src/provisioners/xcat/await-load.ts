import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../../domain/call-context.ts';
import { DeadlineError, ImprintError } from '../../domain/errors.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';
import { requireLoad, unfenced, type XcatNode } from './node.ts';
import { requireServed } from './place.ts';

/** A stage of the boot as nodestat and nodeset say it, with the time at which it was first seen. */
interface Stage {
  readonly stage: string;
  readonly nodeset: string;
  readonly at: string;
  readonly finished: boolean;
}

/**
 * Follows the stages of the boot to their end, as the settings say what that is. IntegrityError when xCAT served another revision by then. DeadlineError when nothing changes for too long, or at the limit; the
 * deployment itself goes on then, and a retry follows it further.
 */
export async function awaitLoad(node: XcatNode, request: LoadRequest, context: CallContext): Promise<Evidence> {
  const { noChangeSeconds, limitSeconds } = requireLoad(node);
  const limit = Date.now() + limitSeconds * 1000;
  const seen: Stage[] = [];
  for (let changed = Date.now(); ;) {
    const now = await look(node, context);
    const last = seen.at(-1);
    if (now !== undefined && (now.stage !== last?.stage || now.nodeset !== last.nodeset)) {
      seen.push(now);
      changed = Date.now();
    }
    if (now?.finished === true) {
      await requireServed(node, request, context);
      return { stages: seen.map(({ stage, nodeset, at }) => ({ stage, nodeset, at })) };
    }
    const still = Date.now() - changed > noChangeSeconds * 1000;
    if (still || Date.now() > limit) throw late(node, seen, still ? noChangeSeconds : limitSeconds);
    context.progress({ what: `Load ${request.computer.name}: ${last?.stage ?? 'nothing seen yet'}` });
    await delay(node.settings.pollSeconds * 1000, undefined, { signal: context.signal });
  }
}

/** Undefined where xCAT could not say it at this moment: the limits above go on. */
async function look(node: XcatNode, context: CallContext): Promise<Stage | undefined> {
  try {
    const { stage, sshd } = await node.xcat.stage(node.name, unfenced(context));
    const { raw, state } = await node.xcat.bootTarget(node.name, unfenced(context));
    const finished = sshd && (requireLoad(node).finished === 'answers' || state === 'boot');
    return { stage, nodeset: raw, at: new Date().toISOString(), finished };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ImprintError && error.retryable) return undefined;
    throw error;
  }
}

function late(node: XcatNode, seen: readonly Stage[], seconds: number): DeadlineError {
  const last = seen.at(-1);
  const where = last === undefined ? 'nothing was seen' : `nodestat says ${last.stage}, nodeset ${last.nodeset}`;
  return new DeadlineError(`load ${node.name}: nothing new for ${seconds} s, or not done by then: ${where}`, {
    evidence: { stages: seen.map(({ stage, nodeset, at }) => ({ stage, nodeset, at })) },
  });
}
