import type { CallContext } from '../domain/call-context.ts';
import {
  NotReadyError,
  OutcomeUnknownError,
  UnavailableError,
  UnsupportedError,
  errorChain,
} from '../domain/errors.ts';
import type { Revision } from '../domain/image.ts';
import type { Evidence, PlanStep } from '../domain/plan.ts';
import type { EndState, OperatingSystem, TaskOutcome } from '../os/operating-system.ts';
import { powerOf } from '../provisioners/provisioner.ts';
import { callContext } from './call.ts';
import { pollUntil } from './polling.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { NodeFacts } from './facts.ts';

/** How long a system whose seal's answer was lost may take until it is off. */
const sealSeconds = 900;

/** A step of a plan that the OS module does. */
export interface SystemStep extends NodeFacts {
  readonly revision: Revision;
  readonly module: OperatingSystem;
  readonly planned: PlanStep;
}

/** Carries out an OS step of a provisioner's plan; each module's function may be run again after any cut. */
export async function actOnSystem(deps: ActivityDependencies, step: SystemStep): Promise<Evidence> {
  const context = callContext();
  switch (step.planned.kind) {
    case 'preCapture': {
      const access = await deps.standardAccess();
      const request = { computer: step.computer, revision: step.revision, access };
      return tasksAsEvidence(await step.module.preCapture(step.shell, request, context));
    }
    case 'seal':
      return await seal(step, context);
    case 'shutdown':
      await step.module.shutdown(step.shell, context);
      return {};
    default:
      throw new UnsupportedError(`${step.module.name} does nothing that is called ${step.planned.kind}`);
  }
}

/**
 * A seal that was started ends access, so an attempt after a lost answer finds nobody to ask. Then the power tells: a machine that is no longer
 * on was sealed, because nothing else powers it off here, and step 6 looks at the seal itself.
 */
async function seal(step: SystemStep, context: CallContext): Promise<Evidence> {
  const wait = {
    what: `${step.computer.name} to be sealed`,
    deadlineSeconds: step.planned.deadlineSeconds ?? sealSeconds,
    context,
  };
  return await pollUntil(wait, async () => await trySeal(step, context));
}

async function trySeal(step: SystemStep, context: CallContext): Promise<Evidence> {
  const endState = (step.planned.arguments['endState'] ?? 'off') as EndState;
  try {
    return tasksAsEvidence(await step.module.seal(step.shell, { endState, revision: step.revision }, context));
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof UnavailableError || error instanceof OutcomeUnknownError)) throw error;
    const reading = await powerOf(step.provisioner, step.computer)?.read(step.computer, context);
    if (reading === undefined) throw error;
    if (reading.value === 'on')
      throw new NotReadyError(`${step.computer.name} does not answer and is still on`, { cause: error });
    return { power: reading.value, raw: reading.raw, instead: errorChain(error) };
  }
}

/** The tasks of an OS module as evidence of a step. */
export function tasksAsEvidence(tasks: readonly TaskOutcome[]): Evidence {
  return { tasks: tasks.map(({ task, outcome, detail, durationMs }) => ({ task, outcome, detail, durationMs })) };
}
