import type { Computer } from '../domain/computer.ts';
import { isFresh } from '../domain/check-in.ts';
import { chooseDriver, chooseStandIn, type DriverChoice, type DriverNeed } from '../domain/driver-choice.ts';
import { nameOfRevision, type Revision } from '../domain/image.ts';
import type { ModuleDependencies } from './dependencies.ts';
import { hostLibraryOf } from './host-library.ts';

/** Which management node drives a run on this computer; `loads` is the revision that its library should have. */
export async function driverFor(deps: ModuleDependencies, computer: Computer, loads?: Revision): Promise<DriverChoice> {
  const candidates = await deps.catalog.drivers.of(computer.name);
  return chooseDriver(candidates, loads === undefined ? undefined : await needOf(deps, computer, loads));
}

/** See `chooseStandIn`. */
export async function standInFor(
  deps: ModuleDependencies,
  computer: Computer,
  { from, loads }: { readonly from: string; readonly loads: Revision | undefined },
): Promise<string | undefined> {
  const candidates = await deps.catalog.drivers.of(computer.name);
  return chooseStandIn(candidates, from, loads === undefined ? undefined : await needOf(deps, computer, loads));
}

async function needOf(deps: ModuleDependencies, computer: Computer, loads: Revision): Promise<DriverNeed> {
  const libraries = (await deps.catalog.copies.list(loads.id)).map(({ library }) => library);
  // The library of a host is the same from every management node.
  const host = hostLibraryOf(deps, computer)?.name;
  const isHeldBy = (managementNode: string): boolean => libraries.includes(host ?? managementNode);
  const from = (await deps.catalog.managementNodes.list()).find(
    ({ name, secondsSinceCheckIn }) => libraries.includes(name) && isFresh(secondsSinceCheckIn),
  )?.name;
  return { what: nameOfRevision(loads), isHeldBy, ...(from === undefined ? {} : { from }) };
}
