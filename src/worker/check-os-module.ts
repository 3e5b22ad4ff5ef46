import { findOperatingSystem } from '../os/registry.ts';

/** UnsupportedError, with the names that there are, for an OS module that this program does not have. */
export function checkOsModule(module: string): void {
  findOperatingSystem(module);
}
