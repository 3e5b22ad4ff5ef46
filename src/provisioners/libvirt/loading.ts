import type { CallContext } from '../../domain/call-context.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { Loading, LoadRequest, StepImplementation } from '../provisioner.ts';
import { define, undoDefine } from './define.ts';
import { checkLoad } from './load-check.ts';
import { loadSteps } from './load-plan.ts';
import { powerOffOutgoing, start, undoStart } from './load-power.ts';
import { copyNewDisk, createDisk, undoNewDisk } from './new-disks.ts';
import { type LibvirtDeps, type LibvirtNode, openNode } from './node.ts';
import { discardSetAside, retireOutgoing, unload } from './retire.ts';

type Act = (node: LibvirtNode, request: LoadRequest, step: PlanStep, context: CallContext) => Promise<Evidence>;
type ActOnNode = (node: LibvirtNode, request: LoadRequest, context: CallContext) => Promise<Evidence>;
type Bound = StepImplementation<LoadRequest>['act'];

/** Loads an image on a domain, copy-on-write or as a full copy. */
export function createLoading(deps: LibvirtDeps): Loading {
  const bind =
    (act: Act): Bound =>
    (request, step, context) =>
      act(openNode(deps, request.computer), request, step, context);
  const onNode = (act: ActOnNode): Bound => bind((node, request, _step, context) => act(node, request, context));
  return {
    check: (request, context) => checkLoad(openNode(deps, request.computer), request, context),
    plan: async (request) => loadSteps(request, openNode(deps, request.computer).settings),
    steps: {
      powerOffOutgoing: { act: onNode(powerOffOutgoing) },
      createDisk: { act: bind(createDisk), undo: bind(undoNewDisk) },
      copyDisk: { act: bind(copyNewDisk), undo: bind(undoNewDisk) },
      define: { act: onNode(define), undo: onNode(undoDefine) },
      start: { act: onNode(start), undo: onNode(undoStart) },
      retireOutgoing: { act: onNode(retireOutgoing) },
    },
    unload: (computer, fence, context) => unload(deps, computer, fence, context),
    discardSetAside: (computer, fence, context) => discardSetAside(deps, computer, fence, context),
  };
}
