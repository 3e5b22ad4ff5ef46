import type { Computer } from '../../domain/computer.ts';
import type { Finding } from '../../domain/finding.ts';
import { callContext } from '../call.ts';
import type { ActivityDependencies } from '../dependencies.ts';

/**
 * What lies on the provisioning system of these computers and belongs to nobody. Reported only: a disk may be all that is left of somebody's work.
 */
export async function findStrays(
  { catalog, provisioner }: ActivityDependencies,
  system: string,
  computers: readonly Computer[],
): Promise<readonly Finding[]> {
  const { strays } = provisioner(system);
  if (strays === undefined) return [];
  const everyComputer = (await catalog.computers.list()).filter((one) => one.provisioningSystem === system);
  const found = await strays(
    {
      computers,
      everyComputer,
      owners: async () => {
        const [claims, running] = [
          await catalog.claims.list(),
          await catalog.runs.list({ state: 'running', limit: 100_000 }),
        ];
        return [...claims.map(({ owner }) => owner), ...running.map(({ id }) => id)];
      },
      isKept: async (node) => await catalog.setAside.isKept(node),
    },
    callContext(),
  );
  return found.map((stray) => ({ kind: 'stray', ...stray }));
}
