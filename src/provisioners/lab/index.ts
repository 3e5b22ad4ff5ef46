import { createComputerPower } from '../../power/computer-power.ts';
import type { PowerDeps } from '../../power/power-deps.ts';
import type { Provisioner } from '../provisioner.ts';
import { labNodeStatus } from './node-status.ts';
import { labRequirements } from './requirements.ts';
import { powerSettingsOf, settings, settingsProblems, userSshPortOf } from './settings.ts';

/**
 * A standalone lab machine: somebody else installs it. Its status is what it says itself, over SSH, and its power that of the module that its settings
 * name, where they name one. It has no capture and nothing that loads it, so a load confirms that what is asked for is what is there, and is refused
 * otherwise. It is handed to users over SSH.
 */
export function createLab(deps: PowerDeps): Provisioner {
  const power = createComputerPower(deps, powerSettingsOf);
  return {
    name: 'lab',
    settings,
    validate: (computer) => {
      const problems = settingsProblems(computer);
      return problems.length === 0 ? power.problems(computer) : problems;
    },
    nodeStatus: (computer, expected, context) => labNodeStatus(power, computer, expected, context),
    power,
    hasPower: (computer) => power.has(computer),
    reserving: { sshPort: userSshPortOf },
    requirements: async (request, context) =>
      await labRequirements({ power, settingsOf: powerSettingsOf }, request, context),
  };
}
