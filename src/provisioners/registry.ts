import { NotFoundError } from '../domain/errors.ts';
import type { Provisioner } from './provisioner.ts';

export { createBaremetal } from './baremetal/index.ts';
export type { Imaging } from './baremetal/imaging.ts';
export { createLab } from './lab/index.ts';
export { createLibvirt } from './libvirt/index.ts';
export { createXcatProvisioner } from './xcat/index.ts';
export type { HostSettings } from './host-settings.ts';
export { createNetworkService } from './network-service/index.ts';
export { createSimulatedProvisioner } from './simulated/index.ts';
export { createSimulatedWorld, type SimulatedWorld } from './simulated/world.ts';
export { directoryStore } from './simulated/directory-store.ts';

/** The provisioning systems that Imprint can drive; the keys that computers and the catalog use. */
export const provisionerNames = ['baremetal', 'lab', 'libvirt', 'network-service', 'simulated', 'xcat'] as const;
export type ProvisionerName = (typeof provisionerNames)[number];

/** How each is made. A missing entry does not compile. */
export type ProvisionerFactories = Readonly<Record<ProvisionerName, () => Provisioner>>;

/** The provisioners by name. */
export interface Provisioners {
  /** NotFoundError, with the names that there are, for any other. */
  get(name: string): Provisioner;
}

/** Each is made when it is first asked for, and once. */
export function createProvisioners(factories: ProvisionerFactories): Provisioners {
  const made = new Map<ProvisionerName, Provisioner>();
  return {
    get: (name) => {
      const known = provisionerNames.find((candidate) => candidate === name);
      if (known === undefined) {
        throw new NotFoundError(`find the provisioning system ${name}: there are ${provisionerNames.join(', ')}`);
      }
      const provisioner = made.get(known) ?? factories[known]();
      made.set(known, provisioner);
      return provisioner;
    },
  };
}
