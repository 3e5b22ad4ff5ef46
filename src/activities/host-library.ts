import type { Computer } from '../domain/computer.ts';
import { ImprintError } from '../domain/errors.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import type { ModuleDependencies } from './dependencies.ts';

/**
 * The library of the host that a computer's settings name, where it has one of its own. Of a computer whose settings are wrong, or whose system
 * this worker does not know, nothing is learned; `nodes edit` and every run of it say what is wrong.
 */
export function hostLibraryOf(deps: ModuleDependencies, computer: Computer): LibraryPlace | undefined {
  try {
    return deps.provisioner(computer.provisioningSystem).libraryOf?.(computer);
  } catch (error) {
    if (error instanceof ImprintError) return undefined;
    throw error;
  }
}
