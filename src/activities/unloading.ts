import type { Fence } from '../domain/fence.ts';
import type { Evidence } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { need } from '../provisioners/provisioner.ts';
import { InvalidInputError } from '../domain/errors.ts';
import { callContext, claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { nodeFacts } from './facts.ts';
import { refuseKept, whyKept } from './kept-disks.ts';

/** What takes disks off a node: the end of a load, and unloadNode. */
export interface UnloadingActivities {
  /** Deletes what loads have set aside, unless it is still the source of a revision that has not been READY. */
  discardSetAside(input: StepInput): Promise<Evidence>;
  /** That this system can take anything off a node, and that the node's settings are right. */
  checkUnload(input: StepInput): Promise<void>;
  unload(input: StepInput): Promise<Evidence>;
  recordUnloaded(input: StepInput): Promise<void>;
}

export function createUnloadingActivities(deps: ActivityDependencies): UnloadingActivities {
  const { catalog } = deps;
  return {
    async discardSetAside(step) {
      const fence = await catalog.claims.fence(claimant(step));
      return await discardSetAside(deps, fence);
    },

    async checkUnload(step) {
      await catalog.claims.fence(claimant(step));
      const { provisioner, computer } = await nodeFacts(deps, step.node);
      need(provisioner, 'loading');
      const problems = provisioner.validate(computer).map(({ where, problem }) => `${where}: ${problem}`);
      if (problems.length > 0) throw new InvalidInputError(`${step.node} cannot be unloaded: ${problems.join('; ')}`);
    },

    async unload(step) {
      const fence = await catalog.claims.fence(claimant(step));
      // Seen under the claim: from here on no capture can make the disk a source.
      await refuseKept(catalog, step.node);
      const { provisioner, computer } = await nodeFacts(deps, step.node);
      const unloaded = await need(provisioner, 'loading').unload(computer, fence, callContext());
      return { ...unloaded, setAside: await discardSetAside(deps, fence) };
    },

    async recordUnloaded(step) {
      const fence = await catalog.claims.fence(claimant(step));
      await catalog.computers.recordLoaded(fence, undefined);
    },
  };
}

/** From here on no disk of the node needs the revisions that it held before. */
async function discardSetAside(deps: ActivityDependencies, fence: Fence): Promise<Evidence> {
  if ((await whyKept(deps.catalog, fence.node)) !== undefined)
    return { kept: 'it is a source that has not been proved, or came from maintenance' };
  const { provisioner, computer } = await nodeFacts(deps, fence.node);
  const evidence = (await need(provisioner, 'loading').discardSetAside?.(computer, fence, callContext())) ?? {};
  await deps.catalog.revisionUses.forgetReplaced(fence);
  return evidence;
}
