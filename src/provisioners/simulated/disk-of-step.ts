import { InvalidInputError } from '../../domain/errors.ts';
import type { PlanStep } from '../../domain/plan.ts';

/** The disk that a step is about: its argument `disk`. */
export function diskOf(step: PlanStep): string {
  const { disk } = step.arguments;
  if (typeof disk === 'string') return disk;
  throw new InvalidInputError(`read the step ${step.id}: expected the name of a disk; got ${JSON.stringify(disk)}`);
}
