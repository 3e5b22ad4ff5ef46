import type { PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { shutdownSteps } from '../shutdown-steps.ts';
import { disksOf } from './names.ts';
import { requireRepository, requireRootimg, type XcatNode } from './node.ts';

/** The steps of a capture as data: through the site's imaging environment, or with imgcapture of the running system. */
export function planCapture(node: XcatNode, request: CaptureRequest): readonly PlanStep[] {
  return node.settings.images?.in === 'rootimg' ? livePlan(node) : imagingPlan(node, request);
}

function imagingPlan(node: XcatNode, request: CaptureRequest): readonly PlanStep[] {
  const { name } = node.computer;
  const { bootTarget } = node.settings.capture;
  const files = disksOf(requireRepository(node), request.revision).map(({ file }) => file);
  return [
    ...offSteps(name, request),
    step('boot-target', `Let ${name} boot its imaging environment (${bootTarget})`, 'setTarget', {
      undo: { title: `Let ${name} boot what it did before` },
    }),
    step('image', `Image ${name}`, 'image', {
      pace: 'long',
      undo: { title: `Cut the power of ${name} and remove what its imaging wrote` },
    }),
    step('power-off', `Power off ${name} after its imaging`, 'powerOff', {
      pace: 'guest',
      deadlineSeconds: node.settings.confirmSeconds + 120,
      undo: { none: 'The imaging environment has done its work; the sealed system stays off.' },
    }),
    step('boot-disk', `Let ${name} boot its disk again`, 'returnToDisk', {
      undo: { none: 'It is what the node is to boot, whatever becomes of the capture.' },
    }),
    step('collect', `Move ${files.join(', ')} into the library`, 'collect', {
      pace: 'long',
      undo: { title: `End the move and remove ${files.join(', ')} from staging` },
    }),
  ];
}

function livePlan(node: XcatNode): readonly PlanStep[] {
  const { name } = node.computer;
  const { osimage } = requireRootimg(node);
  return [
    step('imgcapture', `Capture the running ${name} into ${osimage}`, 'captureLive', {
      pace: 'long',
      undo: { title: `End imgcapture of ${name} and remove what it brought` },
    }),
    step('pack', `Pack the tree of ${osimage}`, 'pack', {
      pace: 'long',
      undo: { title: 'End the packing and remove its file' },
    }),
  ];
}

/** Nothing says later whether a bare machine was booted since, so no step `proves` that it is off: a capture that is taken up seals the system again. */
function offSteps(name: string, request: CaptureRequest): readonly PlanStep[] {
  return shutdownSteps(name, request).map(({ proves: _proves, ...step }) => step);
}

/** A step of this provisioner; short, unless the rest says otherwise. */
function step(
  id: string,
  title: string,
  kind: string,
  rest: Pick<PlanStep, 'undo'> & Partial<Pick<PlanStep, 'pace' | 'deadlineSeconds'>>,
): PlanStep {
  return { id, title, by: 'provisioner', kind, pace: 'short', arguments: {}, ...rest };
}
