import { UnsupportedError } from '../domain/errors.ts';
import type { PlanStep } from '../domain/plan.ts';

/** A plan that lies in a history may come from another version of its provisioner. */
export function unknownKind(provisioner: string, planned: PlanStep): UnsupportedError {
  return new UnsupportedError(`${provisioner} has no step of the kind ${planned.kind} (${planned.title})`);
}
