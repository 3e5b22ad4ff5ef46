import { nameOfRevision } from '../../domain/image.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { LoadRequest } from '../provisioner.ts';

/** The order of a load: the outgoing disks are only set aside until the new system has been READY. */
export function loadPlan(request: LoadRequest): readonly PlanStep[] {
  const disks = request.revision.manifest?.disks ?? [];
  return [
    stop(request),
    setAside(request),
    ...disks.map(({ name }) => fill(request, name)),
    start(request),
    retire(request),
  ];
}

function fillStepId(disk: string): string {
  return `fill-${disk}`;
}

function stop({ computer }: LoadRequest): PlanStep {
  return {
    id: 'stop',
    title: `Power ${computer.name} off`,
    by: 'provisioner',
    kind: 'stop',
    pace: 'short',
    arguments: { phase: 'beforeBoot' },
    undo: { title: `Power ${computer.name} on again if it was on` },
  };
}

function setAside({ computer }: LoadRequest): PlanStep {
  return {
    id: 'setAside',
    title: `Set the present disks of ${computer.name} aside`,
    by: 'provisioner',
    kind: 'setAside',
    pace: 'short',
    arguments: { phase: 'beforeBoot' },
    undo: { title: `Put the disks of ${computer.name} back` },
  };
}

function fill({ computer, revision }: LoadRequest, disk: string): PlanStep {
  return {
    id: fillStepId(disk),
    title: `Fill ${disk} of ${computer.name} from ${nameOfRevision(revision)}`,
    by: 'provisioner',
    kind: 'fill',
    pace: 'long',
    arguments: { phase: 'beforeBoot', disk },
    undo: { title: `Discard the new ${disk} of ${computer.name}` },
  };
}

function start({ computer }: LoadRequest): PlanStep {
  return {
    id: 'start',
    title: `Power ${computer.name} on`,
    by: 'provisioner',
    kind: 'start',
    pace: 'short',
    arguments: { phase: 'beforeBoot' },
    undo: { title: `Power ${computer.name} off` },
  };
}

function retire({ computer, keepOutgoing }: LoadRequest): PlanStep {
  const what = keepOutgoing ? 'Keep the disks that were set aside' : 'Delete the disks that were set aside';
  return {
    id: 'retire',
    title: `${what} on ${computer.name}`,
    by: 'provisioner',
    kind: 'retire',
    pace: 'short',
    arguments: { phase: 'afterReady' },
    undo: { none: 'the new system has been READY: the old one is not wanted back' },
  };
}
