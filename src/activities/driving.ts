import type { Computer } from '../domain/computer.ts';
import { chooseDriver, type DriverChoice } from '../domain/driver-choice.ts';
import { nameOfRevision, type Revision } from '../domain/image.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { hostLibraryOf } from './host-library.ts';

/** Which management node drives a run on this computer; `loads` is the revision that its library should have. */
export async function driverFor(
  deps: ActivityDependencies,
  computer: Computer,
  loads?: Revision,
): Promise<DriverChoice> {
  const candidates = await deps.catalog.drivers.of(computer.name);
  if (loads === undefined) return chooseDriver(candidates);
  const libraries = (await deps.catalog.copies.list(loads.id)).map(({ library }) => library);
  // The library of a host is the same from every management node.
  const host = hostLibraryOf(deps, computer)?.name;
  const isHeldBy = (managementNode: string): boolean => libraries.includes(host ?? managementNode);
  return chooseDriver(candidates, { what: nameOfRevision(loads), isHeldBy });
}
