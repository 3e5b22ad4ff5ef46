import type { PlanStep } from './plan.ts';
import type { RunRecord, StepRecord } from './run.ts';
import { takesFromUser } from './taking-from-user.ts';

/** What the catalog recorded of a run that is over and still owns its node. */
export interface EndedRun {
  /** Absent when nothing was recorded: then it may have done anything. */
  readonly record: RunRecord | undefined;
  readonly steps: readonly StepRecord[];
}

/** A step of a provisioner's plan that was begun, with its number. */
export interface BegunStep {
  readonly number: string;
  readonly planned: PlanStep;
  readonly state: StepRecord['state'];
}

/** Whether a step was begun: it is recorded before it does anything. */
export function begun({ steps }: Pick<EndedRun, 'steps'>, number: string): boolean {
  return steps.some((step) => step.number === number);
}

/** Whether the run was taking its own steps back when it was cut. */
export function unwinding({ steps }: Pick<EndedRun, 'steps'>): boolean {
  return steps.some(({ state }) => state === 'undone' || state === 'undo-failed');
}

/** The plan that the step of this number was answered with; empty when it was not. */
export function planOf({ steps }: Pick<EndedRun, 'steps'>, number: string): readonly PlanStep[] {
  const list = steps.find((step) => step.number === number)?.evidence?.['list'];
  return Array.isArray(list) ? (list as readonly PlanStep[]) : [];
}

/** The steps of a plan that were begun, in order. `numbered`: the plan's steps are `<numbered>.1`, `<numbered>.2` … */
export function begunOf(ended: EndedRun, plan: readonly PlanStep[], numbered: string): readonly BegunStep[] {
  return plan.flatMap((planned, index) => {
    const number = `${numbered}.${String(index + 1)}`;
    // Where a run was planned anew, after a reset or a move, the record of this number may still be that of the earlier plan.
    const step = ended.steps.find((one) => one.number === number && one.title === planned.title);
    return step === undefined ? [] : [{ number, planned, state: step.state }];
  });
}

/** Whether the run has changed what is on the node: a capture once it takes it from its user, a load from the first step of its plan. */
export function changedNode(ended: EndedRun): boolean {
  const plan = planOf(ended, ended.record?.procedure === 'captureImage' ? '4' : '5');
  const begunSteps = begunOf(ended, plan, '5');
  if (ended.record?.procedure !== 'captureImage') return begunSteps.length > 0;
  return begunSteps.some(({ planned }) => takesFromUser(planned));
}

/** Whether the run may have changed what is on the node, so that somebody should look before it is captured. */
export function touchedNode({ record, steps }: EndedRun): boolean {
  switch (record?.procedure) {
    case 'captureImage':
    case 'loadNode':
      return steps.some(({ number }) => /^5\.\d/.test(number));
    case 'unloadNode':
      return begun({ steps }, '3');
    case 'powerNode':
    case 'checkNode':
    case 'freeNode':
    case 'reserveNode':
    case 'reclaimNode':
    case 'deleteRevision':
    case 'loadFleet':
      return false;
    case undefined:
      return true;
  }
}
