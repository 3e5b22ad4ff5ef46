import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import type { ImageClass } from '../../domain/image.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest, Capturing, StepImplementation } from '../provisioner.ts';
import { restoreTarget, returnToDisk, setTarget } from './boot-target.ts';
import { checkCapture } from './capture-check.ts';
import { planCapture } from './capture-plan.ts';
import { collect, undoCollect } from './collect.ts';
import { image, undoImage } from './imaging.ts';
import { captureLive, pack, undoCaptureLive, undoPack } from './live-capture.ts';
import { fenced, openNode, type XcatDeps, type XcatNode } from './node.ts';
import { confirmOff, forceOff } from './off-proof.ts';
import { askOff, bring } from './power.ts';
import { readSettings } from './settings.ts';
import { staged } from './staged.ts';

type Act = (node: XcatNode, request: CaptureRequest, step: PlanStep, context: CallContext) => Promise<Evidence>;
type ActOnNode = (node: XcatNode, request: CaptureRequest, context: CallContext) => Promise<Evidence>;
type Bound = StepImplementation<CaptureRequest>['act'];

/** Captures a node through the site's imaging environment, or a running one with imgcapture. */
export function createCapturing(deps: XcatDeps): Capturing {
  const bind =
    (act: Act): Bound =>
    (request, step, context) =>
      act(openNode(deps, request.computer), request, step, context);
  const onNode = (act: ActOnNode): Bound => bind((node, request, _step, context) => act(node, request, context));
  return {
    classOf,
    classes: ['sealed', 'live'],
    check: (request, context) => checkCapture(openNode(deps, request.computer), request, context),
    plan: async (request) => planCapture(openNode(deps, request.computer), request),
    staged: (request, context) => staged(openNode(deps, request.computer), request, context),
    steps: {
      askOff: { act: onNode(askForOff) },
      confirmOff: { act: onNode(confirmOff) },
      forceOff: { act: onNode(forceOff) },
      setTarget: {
        act: onNode((node, request, context) => setTarget(node, request, node.settings.capture, context)),
        undo: onNode(restoreTarget),
      },
      image: { act: onNode(image), undo: onNode(undoImage) },
      powerOff: { act: onNode(powerOff) },
      returnToDisk: { act: onNode(returnToDisk) },
      collect: { act: bind(collect), undo: bind(undoCollect) },
      captureLive: { act: bind(captureLive), undo: bind(undoCaptureLive) },
      pack: { act: bind(pack), undo: bind(undoPack) },
    },
  };
}

/** What imgcapture copies goes on running meanwhile. */
function classOf(computer: Computer): ImageClass {
  return readSettings(computer).images?.in === 'rootimg' ? 'live' : 'sealed';
}

const askForOff: ActOnNode = async (node, request, context) => {
  await askOff(node, fenced(request, context), context);
  return { asked: node.name };
};

const powerOff: ActOnNode = async (node, request, context) => {
  await bring(node, 'off', fenced(request, context), context);
  return { off: node.name };
};
