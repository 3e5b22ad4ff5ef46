import { z } from 'zod';
import { ConflictError } from '../domain/errors.ts';
import { imageClasses, type ImageClass } from '../domain/image.ts';
import { need } from '../provisioners/provisioner.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { CaptureFacts } from './facts.ts';

/** What the present settings of the computer make of a capture. */
export function imageClassOf({ provisioner, computer }: CaptureFacts): ImageClass {
  return need(provisioner, 'capturing').classOf?.(computer) ?? 'sealed';
}

const checked = z.object({ imageClass: z.enum(imageClasses) });

/**
 * The class that the run has planned for, as its step 3 has recorded it. Settings may be edited while a run is held: ConflictError when they make another
 * class of it now, because what the plan has sealed, or has not, would be judged as something else.
 */
export async function plannedClassOf(deps: ActivityDependencies, facts: CaptureFacts): Promise<ImageClass> {
  const now = imageClassOf(facts);
  const steps = await deps.catalog.runs.steps(facts.request.fence.owner);
  const planned = checked.safeParse(steps.find(({ number }) => number === '3')?.evidence).data?.imageClass ?? now;
  if (planned === now) return planned;
  throw new ConflictError(
    `${facts.computer.name} is captured as ${planned}, and its settings say ${now} by now: what was planned cannot be proved`,
  );
}
