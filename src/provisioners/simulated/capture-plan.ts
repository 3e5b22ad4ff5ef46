import { nameOfRevision } from '../../domain/image.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { SimulatedDisk } from '../../domain/simulated-disk.ts';
import type { CaptureRequest } from '../provisioner.ts';

/** Beyond the time in which the guest must be off, for the reading that finds it so. */
const GRACE_SECONDS = 30;
const PRE_CAPTURE_SECONDS = 1800;

/** The order of a capture from a machine whose disks can be read once it is off; a hypervisor's is the same. */
export function capturePlan(request: CaptureRequest, disks: readonly SimulatedDisk[]): readonly PlanStep[] {
  return [
    preCapture(request),
    seal(request),
    confirmOff(request),
    describe(request),
    ...disks.map((disk) => copy(request, disk)),
  ];
}

function copyStepId(disk: Pick<SimulatedDisk, 'name'>): string {
  return `copy-${disk.name}`;
}

function preCapture({ computer, revision }: CaptureRequest): PlanStep {
  return {
    id: 'preCapture',
    title: `Prepare ${computer.name} for its capture as ${nameOfRevision(revision)}`,
    by: 'operating-system',
    kind: 'preCapture',
    pace: 'guest',
    deadlineSeconds: PRE_CAPTURE_SECONDS,
    arguments: {},
    undo: { none: 'accounts and temporary files that were removed cannot be brought back' },
  };
}

function seal({ computer, shutdownSeconds }: CaptureRequest): PlanStep {
  return {
    id: 'seal',
    title: `Seal ${computer.name} and shut it down`,
    by: 'operating-system',
    kind: 'seal',
    pace: 'guest',
    deadlineSeconds: shutdownSeconds,
    arguments: { endState: 'off' },
    undo: { none: 'a sealed system stays off: it would lose what was sealed by booting' },
  };
}

function confirmOff({ computer, shutdownSeconds }: CaptureRequest): PlanStep {
  return {
    id: 'confirmOff',
    title: `Wait until ${computer.name} has powered itself off`,
    by: 'provisioner',
    kind: 'confirmOff',
    pace: 'poll',
    deadlineSeconds: shutdownSeconds + GRACE_SECONDS,
    arguments: {},
    proves: 'off',
    undo: { none: 'it only reads' },
  };
}

function describe({ computer }: CaptureRequest): PlanStep {
  return {
    id: 'describe',
    title: `Write down what ${computer.name} is`,
    by: 'provisioner',
    kind: 'describe',
    pace: 'short',
    arguments: {},
    undo: { none: 'it is removed with the staging directory' },
  };
}

function copy({ computer }: CaptureRequest, disk: SimulatedDisk): PlanStep {
  return {
    id: copyStepId(disk),
    title: `Copy ${disk.name} of ${computer.name} (${gibibytes(disk.usedBytes)})`,
    by: 'provisioner',
    kind: 'copy',
    pace: 'long',
    arguments: { disk: disk.name },
    undo: { title: `End the copy of ${disk.name} and remove what it wrote` },
  };
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
