import type { Computer, Problem } from '../domain/computer.ts';
import type { ImageClass } from '../domain/image.ts';
import type { SettingDescription } from '../domain/setting-description.ts';
import type { Provisioner } from '../provisioners/provisioner.ts';
import { provisionerNames } from '../provisioners/registry.ts';
import { provisionersWithoutConnections } from './check-settings.ts';

/** What a provisioning system can do, as its module declares it. */
export interface SystemCapabilities {
  readonly capture: boolean;
  /** Classes of the images that its captures make; empty where it captures nothing. */
  readonly imageClasses: readonly ImageClass[];
  readonly load: boolean;
  readonly power: boolean;
  /** Every module reads the status of its nodes. */
  readonly status: true;
  readonly unload: boolean;
  /** Whether a load learns the new system's host keys, from its console or from what loads it; otherwise an administrator gives them. */
  readonly hostKeys: boolean;
  /** Whether `doctor` finds what lies on the system and belongs to nobody. */
  readonly strays: boolean;
}

/** A provisioning system that this program has a module for. */
export interface DescribedSystem {
  readonly can: SystemCapabilities;
  readonly settings: readonly SettingDescription[];
  /** What is missing or wrong in a computer's settings. */
  problemsOf(computer: Computer): readonly Problem[];
}

/** The provisioning systems that this program has a module for, by name. Connects to nothing. */
export function describeSystems(): Readonly<Record<string, DescribedSystem>> {
  const provisioners = provisionersWithoutConnections();
  return Object.fromEntries(provisionerNames.map((name) => [name, describeSystem(provisioners.get(name))]));
}

function describeSystem(provisioner: Provisioner): DescribedSystem {
  return {
    can: capabilitiesOf(provisioner),
    settings: provisioner.settings ?? [],
    problemsOf: (computer) => provisioner.validate(computer),
  };
}

function capabilitiesOf({ capturing, loading, power, consoleText, hostKeys, strays }: Provisioner): SystemCapabilities {
  return {
    capture: capturing !== undefined,
    imageClasses: capturing === undefined ? [] : (capturing.classes ?? ['sealed']),
    load: loading !== undefined,
    power: power !== undefined,
    status: true,
    unload: loading !== undefined,
    hostKeys: consoleText !== undefined || hostKeys !== undefined,
    strays: strays !== undefined,
  };
}
