import type { PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { shutdownSteps } from '../shutdown-steps.ts';
import type { BaremetalSettings } from './settings.ts';

/** The plan of a capture, as data. Without an OS module the power button is pressed; with one, its seal powers the system off. */
export function capturePlan(request: CaptureRequest, settings: BaremetalSettings): readonly PlanStep[] {
  const { name } = request.computer;
  return [
    ...shutdownSteps(name, request),
    orderStep(name),
    networkStep(name),
    startStep(name),
    imageStep(name, settings),
    powerOffStep(name),
    diskStep(name),
    withdrawStep(name),
  ];
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
