import type { PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import type { BaremetalSettings } from './settings.ts';

/** The plan of a capture, as data. Without an OS module the power button is pressed; with one, its seal powers the system off. */
export function capturePlan(request: CaptureRequest, settings: BaremetalSettings): readonly PlanStep[] {
  const { name } = request.computer;
  return [
    ...(request.revision.osModule === undefined ? [askOffStep(name)] : operatingSystemSteps(name)),
    ...offSteps(request),
    orderStep(name),
    networkStep(name),
    startStep(name),
    imageStep(name, settings),
    powerOffStep(name),
    diskStep(name),
    withdrawStep(name),
  ];
}

function operatingSystemSteps(name: string): readonly PlanStep[] {
  const undo = { none: 'What it removes is gone; the system is left off and sealed, for an operator to decide.' };
  return [
    {
      id: 'pre-capture',
      title: `Prepare the system of ${name}`,
      by: 'operating-system',
      kind: 'preCapture',
      pace: 'guest',
      deadlineSeconds: 3600,
      arguments: {},
      undo,
    },
    {
      id: 'seal',
      title: `Seal ${name} and let it power off`,
      by: 'operating-system',
      kind: 'seal',
      pace: 'guest',
      deadlineSeconds: 900,
      arguments: { endState: 'off' },
      undo,
    },
  ];
}

function askOffStep(name: string): PlanStep {
  return step({
    id: 'ask-off',
    title: `Press the power button of ${name}`,
    kind: 'askOff',
    undo: { none: 'A capture leaves the node off; powering it on again is a run of its own.' },
  });
}

function offSteps({ computer: { name }, shutdownSeconds, allowForcedOff }: CaptureRequest): readonly PlanStep[] {
  const confirm = step({
    id: 'confirm-off',
    title: `Wait until ${name} has powered off`,
    kind: 'confirmOff',
    pace: 'poll',
    // Where force is allowed, the step itself ends at the limit, so the deadline lies behind it.
    deadlineSeconds: shutdownSeconds + (allowForcedOff ? 120 : 0),
    proves: 'off',
    undo: { none: 'It only waits, and notes what it saw in the staging directory.' },
  });
  if (!allowForcedOff) return [confirm];
  const force = step({
    id: 'force-off',
    title: `Cut the power of ${name} if it is still on`,
    kind: 'forceOff',
    pace: 'poll',
    deadlineSeconds: 300,
    proves: 'off',
    undo: { none: 'A lost shutdown cannot be taken back; the image says that it was forced.' },
  });
  return [confirm, force];
}

function orderStep(name: string): PlanStep {
  return step({
    id: 'order',
    title: `Order the imaging of ${name}`,
    kind: 'order',
    undo: { title: `Withdraw the order of ${name}` },
  });
}

function networkStep(name: string): PlanStep {
  return step({
    id: 'boot-network',
    title: `Let ${name} boot from the network`,
    kind: 'bootNetwork',
    undo: { title: `Let ${name} boot from its disk again` },
  });
}

function startStep(name: string): PlanStep {
  return step({
    id: 'start',
    title: `Power ${name} on, into the imaging environment`,
    kind: 'start',
    undo: { title: `End the imaging of ${name} and cut its power` },
  });
}

function imageStep(name: string, { disks }: BaremetalSettings): PlanStep {
  return step({
    id: 'image',
    title: `Copy ${disks.map((disk) => disk.name).join(', ')} of ${name}`,
    kind: 'image',
    pace: 'long',
    undo: { none: 'What was copied lies in the staging directory and goes with it; the disk is only read.' },
  });
}

function powerOffStep(name: string): PlanStep {
  return step({
    id: 'power-off',
    title: `Wait until ${name} is off after its imaging`,
    kind: 'powerOff',
    undo: { none: 'A capture leaves the node off; the sealed system must not boot before its copy is published.' },
  });
}

function diskStep(name: string): PlanStep {
  return step({
    id: 'boot-disk',
    title: `Let ${name} boot from its disk`,
    kind: 'bootDisk',
    undo: { none: 'It is what every node has at rest.' },
  });
}

function withdrawStep(name: string): PlanStep {
  return step({
    id: 'withdraw',
    title: `Close the order of ${name}`,
    kind: 'withdraw',
    undo: { none: 'The order was carried out; what it made lies in the staging directory.' },
  });
}

function step(what: Pick<PlanStep, 'id' | 'title' | 'kind' | 'undo'> & Partial<PlanStep>): PlanStep {
  return { by: 'provisioner', pace: 'short', arguments: {}, ...what };
}
