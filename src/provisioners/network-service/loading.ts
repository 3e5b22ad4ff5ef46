import type { CallContext } from '../../domain/call-context.ts';
import type { Evidence } from '../../domain/plan.ts';
import type { Loading, LoadRequest, StepImplementation } from '../provisioner.ts';
import { applyWanted, checkWanted, undoApply } from './apply.ts';
import { checkLoad } from './load-check.ts';
import { loadSteps } from './load-plan.ts';
import { type NetworkServiceDeps, openNode, type ServiceNode } from './node.ts';
import { noteLoaded, undoNote } from './note.ts';
import { deleteOutgoing, discardSetAside, forgetOutgoing, keepOutgoing, setOutgoingAside } from './outgoing.ts';
import { persist, undoPersist } from './persist.ts';
import { proveApplied, proveRestarted } from './prove.ts';
import { restart, undoRestart } from './restart.ts';
import { unload } from './unload.ts';

type Act = (node: ServiceNode, request: LoadRequest, context: CallContext) => Promise<Evidence>;

/** Loads a configuration onto a service that runs, and proves it there. */
export function createLoading(deps: NetworkServiceDeps): Loading {
  const bind =
    (act: Act): StepImplementation<LoadRequest>['act'] =>
    async (request, _step, context) =>
      await act(openNode(deps, request.computer), request, context);
  return {
    check: async (request, context) => await checkLoad(openNode(deps, request.computer), request, context),
    plan: async (request) => await Promise.resolve(loadSteps(openNode(deps, request.computer), request)),
    steps: {
      keepOutgoing: { act: bind(keep), undo: bind(forget) },
      checkWanted: { act: bind(checkWanted) },
      apply: { act: bind(applyWanted), undo: bind(undoApply) },
      proveApplied: { act: bind(proveApplied) },
      persist: { act: bind(persist), undo: bind(undoPersist) },
      restart: { act: bind(restart), undo: bind(undoRestart) },
      proveRestarted: { act: bind(proveRestarted) },
      noteLoaded: { act: bind(noteLoaded), undo: bind(undoNote) },
      retireOutgoing: { act: bind(retire) },
    },
    unload: async (computer, fence, context) => await unload(openNode(deps, computer), fence, context),
    discardSetAside: async (computer, fence, context) =>
      await discardSetAside(openNode(deps, computer), fence, context),
  };
}

const keep: Act = async (node, { fence }, context) => await keepOutgoing(node, fence, context);
const forget: Act = async (node, { fence }, context) => await forgetOutgoing(node, fence, context);
const retire: Act = async (node, { fence, keepOutgoing: kept }, context) =>
  await (kept ? setOutgoingAside : deleteOutgoing)(node, fence, context);
