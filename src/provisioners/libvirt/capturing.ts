import type { CallContext } from '../../domain/call-context.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest, Capturing, StepImplementation } from '../provisioner.ts';
import { checkCapture } from './capture-check.ts';
import { planCapture } from './capture-plan.ts';
import { copyDisk, undoCopyDisk } from './copy-disk.ts';
import { describe, stagedImage } from './describe.ts';
import { type LibvirtDeps, type LibvirtNode, openNode } from './node.ts';
import { proveOffAsNoted, takeOffNoteOver } from './off-noted.ts';
import { confirmOff, forceOffForCapture } from './off-proof.ts';
import { askOff } from './power.ts';

type Act = (node: LibvirtNode, request: CaptureRequest, step: PlanStep, context: CallContext) => Promise<Evidence>;

/** Captures the disks of a domain that has shut down. */
export function createCapturing(deps: LibvirtDeps): Capturing {
  const bind =
    (act: Act): StepImplementation<CaptureRequest>['act'] =>
    (request, step, context) =>
      act(openNode(deps, request.computer), request, step, context);
  return {
    check: (request, context) => checkCapture(openNode(deps, request.computer), request, context),
    plan: (request, context) => planCapture(openNode(deps, request.computer), request, context),
    proveOff: (request, noted, context) => proveOffAsNoted(openNode(deps, request.computer), request, noted, context),
    steps: {
      proveOff: { act: bind(takeOffNoteOver) },
      askOff: { act: bind(pressPowerButton) },
      confirmOff: { act: bind((node, request, _step, context) => confirmOff(node, request, context)) },
      forceOff: { act: bind((node, request, _step, context) => forceOffForCapture(node, request, context)) },
      describe: { act: bind((node, request, _step, context) => describe(node, request, context)) },
      copy: { act: bind(copyDisk), undo: bind(undoCopyDisk) },
    },
    staged: (request, context) => stagedImage(openNode(deps, request.computer), request, context),
  };
}

const pressPowerButton: Act = async (node, _request, _step, context) => {
  await askOff(node, context);
  return { asked: node.domain };
};
