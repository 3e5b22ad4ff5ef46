import type { FreeNodeInput } from '../domain/inputs.ts';
import type { Evidence } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Step 2 of freeNode. */
export interface FreeingActivities {
  recordRelease(input: StepInput & { readonly input: FreeNodeInput }): Promise<Evidence>;
}

export function createFreeingActivities({ catalog }: ActivityDependencies): FreeingActivities {
  return {
    async recordRelease({ input: { by, reason }, ...step }) {
      const fence = await catalog.claims.fence(claimant(step));
      const takeover = (await catalog.runs.steps(step.run)).find(({ number }) => number === '1.1');
      const takenFrom = takeover?.evidence?.['takenFrom'];
      const request = { by, reason, ...(typeof takenFrom === 'string' ? { takenFrom } : {}) };
      await catalog.nodeReleases.record(fence, request);
      return request;
    },
  };
}
