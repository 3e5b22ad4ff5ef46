import { HOST_KEY, MACHINE_ID, systemOf, withSystem, type Machine } from './machine.ts';

/** What a program changes in a simulated system. */
export interface GuestChange {
  readonly set: Readonly<Record<string, string>>;
  /** Paths, each with all that lies below it. */
  readonly remove: readonly string[];
}

/** The machine with changed files; the same machine when nothing changes. */
export function applyGuestChange(machine: Machine, change: GuestChange): Machine {
  const system = systemOf(machine);
  if (system === undefined) return machine;
  const kept = Object.entries(system.files).filter(([path]) => !change.remove.some((gone) => isBelow(path, gone)));
  const files = { ...Object.fromEntries(kept), ...change.set };
  return sameContent(system.files, files) ? machine : withSystem(machine, { ...system, files });
}

/** What ends access, in one go: no host key, an empty machine-id, no histories. The system counts as sealed from here on. */
export function seal(machine: Machine, revision: string): Machine {
  const histories = Object.keys(systemOf(machine)?.files ?? {}).filter((path) => path.endsWith('_history'));
  const sealed = applyGuestChange(machine, { set: { [MACHINE_ID]: '' }, remove: [HOST_KEY, ...histories] });
  if (sealed.loaded === undefined) return machine;
  return { ...sealed, loaded: { ...sealed.loaded, sealed: { revision } } };
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function sameContent(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const paths = Object.keys(a);
  return paths.length === Object.keys(b).length && paths.every((path) => a[path] === b[path]);
}
