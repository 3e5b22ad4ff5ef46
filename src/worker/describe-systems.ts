import { provisionerNames } from '../provisioners/registry.ts';
import { provisionersWithoutConnections } from './check-settings.ts';

/** What a provisioning system can do, as its module declares it. */
export interface SystemCapabilities {
  readonly capture: boolean;
  readonly load: boolean;
  readonly power: boolean;
  /** Every module reads the status of its nodes. */
  readonly status: true;
}

/** The provisioning systems that this program has a module for, by name. Connects to nothing. */
export function describeSystems(): Readonly<Record<string, SystemCapabilities>> {
  const provisioners = provisionersWithoutConnections();
  const entries = provisionerNames.map((name): [string, SystemCapabilities] => {
    const { capturing, loading, power } = provisioners.get(name);
    const has = { capture: capturing !== undefined, load: loading !== undefined, power: power !== undefined };
    return [name, { ...has, status: true }];
  });
  return Object.fromEntries(entries);
}
