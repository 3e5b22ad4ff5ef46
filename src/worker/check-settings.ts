import type { Computer, Problem } from '../domain/computer.ts';
import { UnsupportedError } from '../domain/errors.ts';
import {
  createLibvirt,
  createProvisioners,
  createSimulatedProvisioner,
  createSimulatedWorld,
} from '../provisioners/registry.ts';
import { createJobs } from '../remote/jobs.ts';

/**
 * What is wrong with a computer's settings, as its provisioner says; connects to nothing. NotFoundError, with the names that there are, for
 * a provisioning system that this program does not know.
 */
export function settingsProblems(computer: Computer): readonly Problem[] {
  const shellFor = (): never => {
    throw new UnsupportedError('settings are checked without a connection');
  };
  const provisioners = createProvisioners({
    libvirt: () => createLibvirt({ jobs: createJobs(), shellFor }),
    simulated: () => createSimulatedProvisioner(createSimulatedWorld({ seed: 'settings' })),
  });
  return provisioners.get(computer.provisioningSystem).validate(computer);
}
