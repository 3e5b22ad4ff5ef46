import type { PlanStep } from '../domain/plan.ts';
import type { CapturePlanRequest, LoadPlanRequest } from '../domain/plan-request.ts';
import { onNode } from './activities.ts';
import type { StepInput } from '../domain/step-input.ts';
import type { Undo } from './back.ts';
import type { Steps } from './steps.ts';

/** Carries one step of a provisioner's plan out, or takes it back. */
export interface PlanWork {
  act(step: StepInput, planned: PlanStep): Promise<unknown>;
  undo(step: StepInput, planned: PlanStep): Promise<unknown>;
}

/** `5`, a plan of three → `5.1`, `5.2`, `5.3`, each shown before the first begins. */
export async function takePlanSteps(
  steps: Steps,
  number: string,
  plan: readonly PlanStep[],
  work: PlanWork,
): Promise<void> {
  steps.announce(plan.map((planned, index) => ({ number: `${number}.${String(index + 1)}`, title: planned.title })));
  for (const [index, planned] of plan.entries()) {
    await steps.take(
      `${number}.${String(index + 1)}`,
      planned.title,
      async (step) => await work.act(step, planned),
      undoOf(planned, work),
    );
  }
}

function undoOf(planned: PlanStep, work: PlanWork): Undo {
  if ('none' in planned.undo) return { noUndo: planned.undo.none };
  return { undo: async (step) => await work.undo(step, planned) };
}

/** The activities that carry out the plan of a capture, on whichever management node drives the run by then. */
export function captureWork(steps: Steps, request: CapturePlanRequest): PlanWork {
  return {
    act: async (step, planned) =>
      await onNode(steps.managementNode, planned.pace, planned.title).carryOutCaptureStep({
        ...step,
        ...request,
        planned,
      }),
    undo: async (step, planned) =>
      await onNode(steps.managementNode, 'guest', `Undo: ${titleOfUndo(planned)}`).undoCaptureStep({
        ...step,
        ...request,
        planned,
      }),
  };
}

/** The same of a load. */
export function loadWork(steps: Steps, request: LoadPlanRequest): PlanWork {
  return {
    act: async (step, planned) =>
      await onNode(steps.managementNode, planned.pace, planned.title).carryOutLoadStep({
        ...step,
        ...request,
        planned,
      }),
    undo: async (step, planned) =>
      await onNode(steps.managementNode, 'guest', `Undo: ${titleOfUndo(planned)}`).undoLoadStep({
        ...step,
        ...request,
        planned,
      }),
  };
}

function titleOfUndo(planned: PlanStep): string {
  return 'title' in planned.undo ? planned.undo.title : planned.title;
}
