import type { Computer, Problem } from '../domain/computer.ts';
import { UnsupportedError } from '../domain/errors.ts';
import { createComputerPower } from '../power/computer-power.ts';
import {
  createBaremetal,
  createLab,
  createLibvirt,
  createNetworkService,
  createProvisioners,
  createSimulatedProvisioner,
  createSimulatedWorld,
  createXcatProvisioner,
  type Provisioners,
} from '../provisioners/registry.ts';
import { createJobs } from '../remote/jobs.ts';
import { createLocalShell } from '../remote/local-shell.ts';
import { createSecrets } from '../remote/secrets.ts';

/**
 * What is wrong with a computer's settings, as its provisioner says; connects to nothing. NotFoundError, with the names that there are, for
 * a provisioning system that this program does not know.
 */
export function settingsProblems(computer: Computer): readonly Problem[] {
  return provisionersWithoutConnections().get(computer.provisioningSystem).validate(computer);
}

/** The provisioners as far as they can be used without reaching anything: their settings and what they declare. */
export function provisionersWithoutConnections(): Provisioners {
  const shellFor = (): never => {
    throw new UnsupportedError('settings are checked without a connection');
  };
  const power = { secrets: createSecrets({ values: {} }), shell: createLocalShell(), turns: { during: shellFor } };
  const imaging = {
    problems: () => [],
    otherRun: shellFor,
    order: shellFor,
    progress: shellFor,
    stop: shellFor,
    withdraw: shellFor,
    look: shellFor,
  };
  return createProvisioners({
    baremetal: () =>
      createBaremetal({
        power: (settingsOf) => createComputerPower(power, settingsOf),
        imaging,
        capturedDisk: shellFor,
      }),
    lab: () => createLab(power),
    libvirt: () => createLibvirt({ jobs: createJobs(), shellFor }),
    'network-service': () => createNetworkService({ shellFor }),
    simulated: () => createSimulatedProvisioner(createSimulatedWorld({ seed: 'settings' })),
    xcat: () => createXcatProvisioner({ jobs: createJobs(), shellFor }),
  });
}
