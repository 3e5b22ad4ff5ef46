import type { PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { disksOf } from './names.ts';
import { requireRepository, requireRootimg, type XcatNode } from './node.ts';

const SEALED = 'What it removes is gone; the system is left off and sealed, for an operator to decide.';

/** The steps of a capture as data: through the site's imaging environment, or with imgcapture of the running system. */
export function planCapture(node: XcatNode, request: CaptureRequest): readonly PlanStep[] {
  return node.settings.images?.in === 'rootimg' ? livePlan(node) : imagingPlan(node, request);
}

function imagingPlan(node: XcatNode, request: CaptureRequest): readonly PlanStep[] {
  const { name } = node.computer;
  const { bootTarget } = node.settings.capture;
  const files = disksOf(requireRepository(node), request.revision).map(({ file }) => file);
  return [
    ...(request.revision.osModule === undefined ? [askOffStep(name)] : operatingSystemSteps(name)),
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

function operatingSystemSteps(name: string): readonly PlanStep[] {
  const undo = { none: SEALED };
  return [
    {
      ...step('pre-capture', `Prepare the system of ${name}`, 'preCapture', {
        undo,
        pace: 'guest',
        deadlineSeconds: 3600,
      }),
      by: 'operating-system',
    },
    {
      ...step('seal', `Seal ${name} and let it power off`, 'seal', { undo, pace: 'guest', deadlineSeconds: 900 }),
      by: 'operating-system',
      arguments: { endState: 'off' },
    },
  ];
}

function askOffStep(name: string): PlanStep {
  return step('ask-off', `Ask ${name} to power off`, 'askOff', {
    undo: { none: 'A capture leaves the node off; powering it on again is a run of its own.' },
  });
}

/** Nothing says later whether a bare machine was booted since, so no step `proves` that it is off: a capture that is taken up seals the system again. */
function offSteps(name: string, request: CaptureRequest): readonly PlanStep[] {
  const confirm = step('confirm-off', `Wait until ${name} has powered off`, 'confirmOff', {
    pace: 'poll',
    // Where force is allowed, the step itself ends at the limit, so the deadline lies behind it.
    deadlineSeconds: request.shutdownSeconds + (request.allowForcedOff ? 120 : 0),
    undo: { none: 'It only waits, and notes what it saw.' },
  });
  if (!request.allowForcedOff) return [confirm];
  const force = step('force-off', `Cut the power of ${name} if it is still on`, 'forceOff', {
    pace: 'poll',
    deadlineSeconds: 300,
    undo: { none: 'A lost shutdown cannot be taken back; the image says that it was forced.' },
  });
  return [confirm, force];
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
