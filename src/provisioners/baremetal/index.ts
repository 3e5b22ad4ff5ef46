import type { Provisioner } from '../provisioner.ts';
import { createCapturing } from './capturing.ts';
import { createLoading, reportedHostKeys } from './loading.ts';
import { machineOpener, powerOf, type BaremetalDeps } from './machine.ts';
import { nodeStatus } from './node-status.ts';
import { baremetalRequirements } from './requirements.ts';
import { settings, settingsProblems } from './settings.ts';

/** Drives physical machines by their management controllers, and images them by an environment that they boot over the network. */
export function createBaremetal(deps: BaremetalDeps): Provisioner {
  const power = powerOf(deps);
  const open = machineOpener(deps, power);
  return {
    name: 'baremetal',
    // The machine's order, its session and what it has sent lie in the library of the management node that serves it.
    staysWith: 'management node',
    validate: settingsProblems,
    settings,
    nodeStatus: (computer, expected, context) => nodeStatus(open(computer), expected, context),
    hostKeys: (computer, fence) => reportedHostKeys(open(computer), fence),
    power,
    capturing: createCapturing(open),
    loading: createLoading(open),
    requirements: async (request, context) =>
      await baremetalRequirements({ power, imaging: deps.imaging }, request, context),
  };
}
