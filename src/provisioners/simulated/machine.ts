import type { SimulatedDisk, SimulatedSystem } from '../../domain/simulated-disk.ts';

/** The disks of a machine, and who put them there. */
export interface Drive {
  /** The run that loaded them; absent for what the world began with. */
  readonly run?: string;
  readonly disks: readonly SimulatedDisk[];
  /** Set when preCapture has sealed the system for a revision: it must not boot before that is published. */
  readonly sealed?: { readonly revision: string; readonly publishedPath?: string };
}

/** Work that goes on without any worker: how far it is follows from the time. */
export interface SimulatedJob {
  readonly owner: string;
  readonly epoch: number;
  readonly startedAt: number;
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** Ended by an undo: an attempt with a lower or the same epoch must not start it again. */
  readonly ended: boolean;
  /** Its process was killed before it was done: the next attempt starts it again. */
  readonly died?: true;
}

/** One machine of the world. Times are milliseconds since 1970. */
export interface Machine {
  readonly power: 'on' | 'off';
  readonly boots: number;
  readonly bootedAt?: number;
  /** When its operating system answers after the latest start. */
  readonly answersAt?: number;
  readonly askedOffAt?: number;
  /** When a shutdown that is under way ends; absent when none is, or when it hangs. */
  readonly offAt?: number;
  readonly offSince?: number;
  /** As libvirt calls it: `shutdown` by the guest, `destroyed` by a power-off. */
  readonly offReason?: 'shutdown' | 'destroyed';
  readonly loaded?: Drive;
  /** Disks that a load has moved aside and may still bring back. */
  readonly outgoing?: { readonly run: string; readonly drive: Drive };
  readonly stopped?: { readonly run: string; readonly wasOn: boolean };
  /** Disks kept until what was captured from them has been READY. */
  readonly setAside: readonly Drive[];
  readonly jobs: Readonly<Record<string, SimulatedJob>>;
  /** The highest that acted on it: epochs of a computer never come again, so every earlier attempt of every run is refused. */
  readonly epoch?: number;
  /** How often each action had an effect, by `action` or `action owner`; kept with the machine, so that no kill can part the two. */
  readonly effects: Readonly<Record<string, number>>;
}

export const HOST_KEY = '/etc/ssh/ssh_host_ed25519_key.pub';
export const MACHINE_ID = '/etc/machine-id';

/** The system on the boot disk; undefined when nothing is loaded. */
export function systemOf(machine: Machine): SimulatedSystem | undefined {
  return machine.loaded?.disks[0]?.system;
}

/** The machine with another system on its boot disk. */
export function withSystem(machine: Machine, system: SimulatedSystem): Machine {
  const [boot, ...others] = machine.loaded?.disks ?? [];
  if (machine.loaded === undefined || boot === undefined) return machine;
  return { ...machine, loaded: { ...machine.loaded, disks: [{ ...boot, system }, ...others] } };
}

/** The machine, on which an action has had an effect once more. */
export function counted(machine: Machine, action: string, owner: string | undefined): Machine {
  const key = owner === undefined ? action : `${action} ${owner}`;
  return { ...machine, effects: { ...machine.effects, [key]: (machine.effects[key] ?? 0) + 1 } };
}

/** The machine without some of its properties. */
export function without(machine: Machine, ...keys: readonly (keyof Machine)[]): Machine {
  return Object.fromEntries(
    Object.entries(machine).filter(([key]) => !keys.some((gone) => gone === key)),
  ) as unknown as Machine;
}
