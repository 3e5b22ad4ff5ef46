import { UnsupportedError } from '../domain/errors.ts';
import type { OperatingSystem, OperatingSystemOptions } from './operating-system.ts';
import { createLinux } from './linux/index.ts';
import { createSimulatedOs } from './simulated/index.ts';

/** The OS modules that there are; the keys that operating systems in the catalog name. */
export const operatingSystemNames = ['linux', 'simulated'] as const;
type OperatingSystemName = (typeof operatingSystemNames)[number];

/** A missing entry does not compile. */
const factories: Readonly<Record<OperatingSystemName, (options: OperatingSystemOptions) => OperatingSystem>> = {
  linux: createLinux,
  simulated: createSimulatedOs,
};

/** The OS module of that name; UnsupportedError, with the names that there are, for any other. */
export function findOperatingSystem(name: string, options: OperatingSystemOptions = {}): OperatingSystem {
  const known = operatingSystemNames.find((candidate) => candidate === name);
  if (known !== undefined) return factories[known](options);
  throw new UnsupportedError(`there is no OS module ${name}; there are ${operatingSystemNames.join(' and ')}`);
}
