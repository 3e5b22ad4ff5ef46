import type { Evidence } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { need } from '../provisioners/provisioner.ts';
import { callContext, claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { nodeFacts } from './facts.ts';

/** What takes disks off a node: the end of a load, and unloadNode. */
export interface UnloadingActivities {
  /** Deletes what loads have set aside, unless it is still the source of a revision that has not been READY. */
  discardSetAside(input: StepInput): Promise<Evidence>;
  unload(input: StepInput): Promise<Evidence>;
  recordUnloaded(input: StepInput): Promise<void>;
}

export function createUnloadingActivities(deps: ActivityDependencies): UnloadingActivities {
  const { catalog } = deps;
  return {
    async discardSetAside(step) {
      const fence = await catalog.claims.fence(claimant(step));
      if (await catalog.setAside.isKept(step.node))
        return { kept: 'a revision captured from it has not been READY yet' };
      const { provisioner, computer } = await nodeFacts(deps, step.node);
      return (await need(provisioner, 'loading').discardSetAside?.(computer, fence, callContext())) ?? {};
    },

    async unload(step) {
      const fence = await catalog.claims.fence(claimant(step));
      const { provisioner, computer } = await nodeFacts(deps, step.node);
      return await need(provisioner, 'loading').unload(computer, fence, callContext());
    },

    async recordUnloaded(step) {
      const fence = await catalog.claims.fence(claimant(step));
      await catalog.computers.recordLoaded(fence, undefined);
    },
  };
}
