import type { Evidence, PlanStep } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { need } from '../provisioners/provisioner.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { CaptureFacts } from './facts.ts';
import { sealedBefore } from './sealed-before.ts';

/** Steps that end with the system sealed and off. They need one that answers, so a run that was reset in Temporal cannot do them twice. */
const towardsOff: readonly PlanStep['kind'][] = ['preCapture', 'seal', 'shutdown', 'askOff'];

/**
 * What this run found when it did the step before it was reset in Temporal, where the machine is proved to be off since; undefined when the step is
 * to be done. IntegrityError when the machine was touched since: what a step would do to it then nobody can say.
 */
export async function doneBefore(
  { catalog }: ActivityDependencies,
  { run, step, planned }: StepInput & { readonly planned: PlanStep },
  { provisioner, request }: CaptureFacts,
): Promise<Evidence | undefined> {
  if (!towardsOff.includes(planned.kind)) return undefined;
  const sealed = await sealedBefore(catalog, { run });
  if (sealed === undefined) return undefined;
  await need(provisioner, 'capturing').proveOff?.(request, sealed.noted, callContext());
  const before = (await catalog.runs.steps(run)).find(({ number }) => number === step.number);
  return { ...before?.evidence, again: `it was done before this run was reset; the machine is off since` };
}
