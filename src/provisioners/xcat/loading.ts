import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import type { Fence } from '../../domain/fence.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { Loading, LoadRequest, StepImplementation } from '../provisioner.ts';
import { awaitLoad } from './await-load.ts';
import { restoreTarget, setTarget } from './boot-target.ts';
import { checkLoad } from './load-check.ts';
import { planLoad } from './load-plan.ts';
import { forget, powerOff, powerOffOutgoing, start, undoPowerOff, undoStart } from './load-power.ts';
import { openNode, requireLoad, type XcatDeps, type XcatNode } from './node.ts';
import { place } from './place.ts';

type Act = (node: XcatNode, request: LoadRequest, step: PlanStep, context: CallContext) => Promise<Evidence>;
type ActOnNode = (node: XcatNode, request: LoadRequest, context: CallContext) => Promise<Evidence>;
type Bound = StepImplementation<LoadRequest>['act'];

/** Loads an image by what nodeset lets the node boot. */
export function createLoading(deps: XcatDeps): Loading {
  const bind =
    (act: Act): Bound =>
    (request, step, context) =>
      act(openNode(deps, request.computer), request, step, context);
  const onNode = (act: ActOnNode): Bound => bind((node, request, _step, context) => act(node, request, context));
  return {
    check: (request, context) => checkLoad(openNode(deps, request.computer), request, context),
    plan: async (request) => planLoad(openNode(deps, request.computer), request),
    steps: {
      place: { act: bind(place) },
      powerOffOutgoing: { act: onNode(powerOffOutgoing), undo: onNode(undoPowerOff) },
      setTarget: {
        act: onNode((node, request, context) => setTarget(node, request, requireLoad(node), context)),
        undo: onNode(restoreTarget),
      },
      start: { act: onNode(start), undo: onNode(undoStart) },
      awaitLoad: { act: onNode(awaitLoad) },
      forget: { act: onNode(forget) },
    },
    unload: (computer, fence, context) => unload(deps, computer, fence, context),
  };
}

/** Off, as Apache VCL's xCAT module does it: what is on a bare disk stays there until it is overwritten. Off already: success. */
async function unload(deps: XcatDeps, computer: Computer, fence: Fence, context: CallContext): Promise<Evidence> {
  return await powerOff(openNode(deps, computer), { fence }, context);
}
