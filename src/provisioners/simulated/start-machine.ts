import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { LibraryPlace } from '../../remote/library-place.ts';
import type { Drive, Machine } from './machine.ts';
import { askOff, start } from './power-transitions.ts';
import type { Action, SimulatedComputer, SimulatedWorld } from './world.ts';

/**
 * Starts a machine. A sealed system that boots before its revision is in the library is recorded as a violation: what was to be captured has
 * changed. On already: nothing.
 */
export async function startMachine(
  world: SimulatedWorld,
  computer: SimulatedComputer,
  action: Action,
): Promise<Machine> {
  const before = await world.machine(computer);
  if (before.power === 'on') return before;
  if (before.loaded?.sealed !== undefined && !(await isPublished(before.loaded.sealed))) {
    await world.record({ node: computer.name, action: 'sealed-system-booted', kind: 'violation' });
  }
  return world.change(computer, action, (machine) => {
    if (machine.power === 'on') return machine;
    return start(unsealed(machine), world.surroundings(computer));
  });
}

/**
 * Asks the system to power off. Off already, asked before, or, where `session` says which boot is meant, started anew since: nothing. With the
 * fault `hang` at `shutdown` it never becomes off.
 */
export async function askMachineOff(
  world: SimulatedWorld,
  computer: SimulatedComputer,
  session?: number,
): Promise<void> {
  const fault = await world.faultAt({ node: computer.name, at: 'shutdown' });
  await world.change(computer, { name: 'shutdown' }, (machine) => {
    const around = world.surroundings(computer);
    if (session !== undefined && machine.boots !== session) return machine;
    if (fault !== 'hang') return askOff(machine, around);
    return machine.askedOffAt === undefined ? { ...machine, askedOffAt: around.now } : machine;
  });
}

/** The drive, which knows from here on where the revision that it was sealed for will be published. */
export function withPublishedPath(machine: Machine, library: LibraryPlace): Machine {
  const { loaded } = machine;
  if (loaded?.sealed === undefined) return machine;
  const publishedPath = join(library.root, loaded.sealed.revision);
  if (loaded.sealed.publishedPath === publishedPath) return machine;
  return { ...machine, loaded: { ...loaded, sealed: { ...loaded.sealed, publishedPath } } };
}

function unsealed(machine: Machine): Machine {
  if (machine.loaded?.sealed === undefined) return machine;
  const { run, disks } = machine.loaded;
  return { ...machine, loaded: { ...(run === undefined ? {} : { run }), disks } };
}

async function isPublished({ publishedPath }: NonNullable<Drive['sealed']>): Promise<boolean> {
  if (publishedPath === undefined) return false;
  return access(publishedPath).then(
    () => true,
    () => false,
  );
}
