import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../../src/domain/call-context.ts';
import type { Evidence, PlanStep } from '../../src/domain/plan.ts';
import type { CaptureRequest, LoadRequest, StepImplementation } from '../../src/provisioners/provisioner.ts';

type Steps<Request> = Readonly<Record<string, StepImplementation<Request>>>;

/** What carries out a plan: the steps of a capability, the request of a run, and the context of its calls. */
export interface PlanRunner<Request> {
  readonly steps: Steps<Request>;
  readonly request: Request;
  readonly context: CallContext;
}

/** Carries out one step, asking again as the activities do while it says that it is not ready. */
export async function act<Request extends CaptureRequest | LoadRequest>(
  runner: PlanRunner<Request>,
  step: PlanStep,
): Promise<Evidence> {
  const { steps, request, context } = runner;
  const implementation = steps[step.kind];
  if (implementation === undefined) throw new Error(`the provisioner has no step of kind ${step.kind}`);
  const deadline = Date.now() + (step.deadlineSeconds ?? 60) * 1_000;
  for (;;) {
    try {
      return await implementation.act(request, step, context);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'NotReadyError') || Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

/** Takes one step back, which must be possible whenever the plan gives its undo a title. */
export async function undo<Request extends CaptureRequest | LoadRequest>(
  runner: PlanRunner<Request>,
  step: PlanStep,
): Promise<Evidence> {
  const { steps, request, context } = runner;
  if ('none' in step.undo) return {};
  const implementation = steps[step.kind];
  if (implementation?.undo === undefined) throw new Error(`step ${step.id} promises an undo that does not exist`);
  return await implementation.undo(request, step, context);
}

/** Carries out every step of a plan that the provisioner does itself; returns the evidence by step. */
export async function carryOut<Request extends CaptureRequest | LoadRequest>(
  runner: PlanRunner<Request>,
  plan: readonly PlanStep[],
): Promise<Readonly<Record<string, Evidence>>> {
  const evidence: Record<string, Evidence> = {};
  for (const step of plan.filter(({ by }) => by === 'provisioner')) evidence[step.id] = await act(runner, step);
  return evidence;
}

/** Takes a plan back, newest step first. */
export async function unwind<Request extends CaptureRequest | LoadRequest>(
  runner: PlanRunner<Request>,
  plan: readonly PlanStep[],
): Promise<void> {
  for (const step of plan.toReversed()) await undo(runner, step);
}
