import type { CallContext } from '../domain/call-context.ts';
import { ImprintError, NotReadyError, errorChain } from '../domain/errors.ts';
import type { Revision } from '../domain/image.ts';
import type { NodeObservation, NodeStatus } from '../domain/node-status.ts';
import type { StepInput } from '../domain/step-input.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { moduleOf, nodeFacts, type NodeFacts } from './facts.ts';
import { pollUntil } from './polling.ts';

/** How long a prepared node may take until it is READY: a reading follows postLoad at once, so this covers hiccups only. */
const readySeconds = 300;

/** Reading a node's status: claims nothing, changes nothing. */
export interface NodeStatusActivities {
  /** Without a revision: whether what was last recorded is loaded and prepared. */
  readNodeStatus(input: StepInput & { readonly revisionId?: number }): Promise<NodeStatus>;
  awaitReady(input: StepInput & { readonly revisionId: number }): Promise<NodeStatus>;
}

export function createNodeStatusActivities(deps: ActivityDependencies): NodeStatusActivities {
  async function read(node: string, revisionId: number | undefined, context: CallContext): Promise<NodeStatus> {
    const facts = await nodeFacts(deps, node);
    const expected = revisionId === undefined ? undefined : await deps.catalog.revisions.get(revisionId);
    const observe = async () => await observeNode(deps, facts, expected, context);
    return await facts.provisioner.nodeStatus(facts.computer, expected, { ...context, observe });
  }

  return {
    async readNodeStatus({ node, revisionId }) {
      return await read(node, revisionId, callContext());
    },

    async awaitReady({ node, revisionId }) {
      const context = callContext();
      const wait = { what: `${node} to be READY`, deadlineSeconds: readySeconds, context };
      return await pollUntil(wait, async () => {
        const status = await read(node, revisionId, context);
        if (status.status === 'READY') return status;
        throw new NotReadyError(`${node} is ${status.status}: ${status.reasons['status'] ?? ''}`, {
          evidence: { ...status.reasons },
        });
      });
    },
  };
}

/** Opens SSH and reads currentimage.txt. An unreachable node is an observation, not an error. */
async function observeNode(
  deps: ActivityDependencies,
  facts: NodeFacts,
  expected: Revision | undefined,
  context: CallContext,
): Promise<NodeObservation & { readonly reason: string }> {
  const module = expected === undefined ? await moduleOfLoaded(deps, facts) : moduleOf(deps, expected);
  if (module === undefined) return { ssh: false, reason: 'nothing is recorded as loaded, so no OS module is known' };
  try {
    const currentImage = await module.currentImage(facts.shell, context);
    return {
      ssh: true,
      ...(currentImage === undefined ? {} : { currentImage }),
      reason: `${facts.shell.host} answered`,
    };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ImprintError) return { ssh: false, reason: errorChain(error) };
    throw error;
  }
}

async function moduleOfLoaded(deps: ActivityDependencies, facts: NodeFacts) {
  const id = facts.computer.currentRevisionId;
  return id === undefined ? undefined : moduleOf(deps, await deps.catalog.revisions.get(id));
}
