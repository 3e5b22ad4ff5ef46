import { reachedBy } from '../domain/computer.ts';
import type { SystemRequirement } from '../domain/requirement.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { findRequirements, type CheckHere } from './find-requirements.ts';

/** What checkSystems is made of. It only reads, and is no step of a run. */
export interface SystemsCheckActivities {
  /** All management nodes, or those that drive the system. NotFoundError for a system that nobody drives. */
  driversOf(input: { readonly system?: string }): Promise<{ readonly managementNodes: readonly string[] }>;
  /** On the management node. */
  checkSystemsHere(input: CheckHere): Promise<{ readonly requirements: readonly SystemRequirement[] }>;
}

export function createSystemsCheckActivities(deps: ActivityDependencies): SystemsCheckActivities {
  const { catalog } = deps;
  return {
    async driversOf({ system }) {
      if (system === undefined)
        return { managementNodes: (await catalog.managementNodes.list()).map(({ name }) => name) };
      const found = (await catalog.provisioningSystems.list()).find(({ name }) => name === system);
      const computers = (await catalog.computers.list()).filter((one) => one.provisioningSystem === system);
      const named = [...(found?.managementNodes ?? []), ...computers.flatMap(reachedBy)];
      return { managementNodes: [...new Set(named)].sort() };
    },

    checkSystemsHere: async (input) => ({ requirements: await findRequirements(deps, input) }),
  };
}
