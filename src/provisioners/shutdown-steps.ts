import type { PlanStep } from '../domain/plan.ts';
import type { CaptureRequest } from './provisioner.ts';

/** What the steps of a shutdown depend on. */
export type Shutdown = Pick<CaptureRequest, 'revision' | 'allowForcedOff' | 'shutdownSeconds'>;

/**
 * The first steps of a capture that reads disks once the machine is off. With an OS module the system is prepared and its seal powers it off; without
 * one the power button is pressed. Then off is waited for, and the power cut where an operator allowed that. The kinds `askOff`, `confirmOff` and
 * `forceOff` are the provisioner's own.
 */
export function shutdownSteps(name: string, shutdown: Shutdown): readonly PlanStep[] {
  const first = shutdown.revision.osModule === undefined ? [askOff(name)] : [preCapture(name), seal(name)];
  const last = shutdown.allowForcedOff ? [forceOff(name)] : [];
  return [...first, confirmOff(name, shutdown), ...last];
}

const sealed = { none: 'What it removes is gone; the system is left off and sealed, for an operator to decide.' };

function preCapture(name: string): PlanStep {
  return {
    id: 'pre-capture',
    title: `Prepare the system of ${name}`,
    by: 'operating-system',
    kind: 'preCapture',
    pace: 'guest',
    deadlineSeconds: 3600,
    arguments: {},
    undo: sealed,
  };
}

function seal(name: string): PlanStep {
  return {
    id: 'seal',
    title: `Seal ${name} and let it power off`,
    by: 'operating-system',
    kind: 'seal',
    pace: 'guest',
    deadlineSeconds: 900,
    arguments: { endState: 'off' },
    undo: sealed,
  };
}

function askOff(name: string): PlanStep {
  return {
    id: 'ask-off',
    title: `Press the power button of ${name}`,
    by: 'provisioner',
    kind: 'askOff',
    pace: 'short',
    arguments: {},
    undo: { none: 'A capture leaves the node off; powering it on again is a run of its own.' },
  };
}

function confirmOff(name: string, { allowForcedOff, shutdownSeconds }: Shutdown): PlanStep {
  return {
    id: 'confirm-off',
    title: `Wait until ${name} has powered off`,
    by: 'provisioner',
    kind: 'confirmOff',
    pace: 'poll',
    // Where force is allowed, the step itself ends at the limit, so the deadline lies behind it.
    deadlineSeconds: shutdownSeconds + (allowForcedOff ? 120 : 0),
    arguments: { limitSeconds: shutdownSeconds },
    proves: 'off',
    undo: {
      none: 'It waits, and notes what it saw; a button that is pressed again asks for nothing else than the first time.',
    },
  };
}

function forceOff(name: string): PlanStep {
  return {
    id: 'force-off',
    title: `Cut the power of ${name} if it is still on`,
    by: 'provisioner',
    kind: 'forceOff',
    pace: 'poll',
    deadlineSeconds: 300,
    arguments: {},
    proves: 'off',
    undo: { none: 'A lost shutdown cannot be taken back; the image says that it was forced.' },
  };
}
