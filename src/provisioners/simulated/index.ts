import type { Computer } from '../../domain/computer.ts';
import type { Provisioner } from '../provisioner.ts';
import { simulatedCapturing } from './capture.ts';
import { guestShell } from './guest-shell.ts';
import { simulatedLoading } from './load.ts';
import { HOST_KEY, systemOf } from './machine.ts';
import { simulatedNodeStatus } from './node-status.ts';
import { simulatedPower } from './power.ts';
import { simulatedRequirements } from './requirements.ts';
import { settings, settingsOf, settingsProblems } from './settings.ts';
import { simulatedStrays } from './strays.ts';
import type { SimulatedWorld } from './world.ts';

/** Implements everything over a simulated world: what tests and tutorials run on. */
export function createSimulatedProvisioner(world: SimulatedWorld): Provisioner {
  return {
    name: 'simulated',
    validate: settingsProblems,
    settings,
    hostOf: (computer) => settingsOf(computer).host,
    nodeStatus: (computer, expected, context) => simulatedNodeStatus(world, computer, expected, context),
    guestShell: (computer) => guestShell(world, computer),
    power: simulatedPower(world),
    capturing: simulatedCapturing(world),
    loading: simulatedLoading(world),
    reserving: { sshPort: ({ sshPort }) => sshPort },
    consoleText: (computer) => consoleText(world, computer),
    strays: (request) => simulatedStrays(world, request),
    requirements: () => simulatedRequirements(world),
  };
}

/** What a booting system prints: its host keys between two marks, as cloud images do. */
async function consoleText(world: SimulatedWorld, computer: Computer): Promise<string> {
  const machine = await world.machine(computer);
  const booted = machine.answersAt !== undefined && world.now() >= machine.answersAt;
  const key = systemOf(machine)?.files[HOST_KEY];
  if (!booted || key === undefined) return '';
  return ['-----BEGIN SSH HOST KEY KEYS-----', key, '-----END SSH HOST KEY KEYS-----', ''].join('\n');
}
