import { HOST_KEY, MACHINE_ID, systemOf, without, withSystem, type Machine } from './machine.ts';
import { digits, spread } from './chance.ts';

/** What the transitions of one machine depend on. */
export interface Surroundings {
  readonly seed: string;
  readonly node: string;
  readonly now: number;
  readonly bootMs: number;
  readonly shutdownMs: number;
}

/** The machine as it is now: a shutdown whose time has come has happened. */
export function settle(machine: Machine, now: number): Machine {
  if (machine.power === 'off' || machine.offAt === undefined || now < machine.offAt) return machine;
  return turnedOff(machine, machine.offAt, 'shutdown');
}

/** Starts it; a first boot of a system makes the machine-id and host keys that it lacks. On already: unchanged. */
export function start(machine: Machine, { seed, node, now, bootMs }: Surroundings): Machine {
  if (machine.power === 'on') return machine;
  const boots = machine.boots + 1;
  const answersAt = now + spread(bootMs, seed, node, 'boot', String(boots));
  const cleared = without(machine, 'offAt', 'offSince', 'offReason', 'askedOffAt');
  const on: Machine = { ...cleared, power: 'on', boots, bootedAt: now, answersAt };
  const system = systemOf(on);
  if (system === undefined) return on;
  const files = { ...identity(seed, node, boots), ...nonEmpty(system.files) };
  const lastMounted = new Date(now).toISOString();
  return withSystem(on, { files, clean: false, mountCount: system.mountCount + 1, lastMounted });
}

/** Begins a shutdown by the guest; one under way goes on. Off already: unchanged. */
export function askOff(machine: Machine, { seed, node, now, shutdownMs }: Surroundings): Machine {
  if (machine.power === 'off' || machine.offAt !== undefined) return machine;
  const lasts = spread(shutdownMs, seed, node, 'shutdown', String(machine.boots));
  return { ...machine, askedOffAt: machine.askedOffAt ?? now, offAt: now + lasts };
}

/** Cuts the power. Off already: unchanged, with its reason. */
export function forceOff(machine: Machine, now: number): Machine {
  return machine.power === 'off' ? machine : turnedOff(machine, now, 'destroyed');
}

/** Whether its operating system answers over the network. */
export function answers(machine: Machine, now: number): boolean {
  const system = systemOf(machine);
  if (machine.power === 'off' || system === undefined || system.files[HOST_KEY] === undefined) return false;
  return machine.answersAt !== undefined && now >= machine.answersAt;
}

function turnedOff(machine: Machine, at: number, reason: 'shutdown' | 'destroyed'): Machine {
  const off: Machine = { ...without(machine, 'offAt', 'answersAt'), power: 'off', offSince: at, offReason: reason };
  const system = systemOf(off);
  return system === undefined ? off : withSystem(off, { ...system, clean: reason === 'shutdown' });
}

function identity(seed: string, node: string, boots: number): Record<string, string> {
  const words = [node, String(boots)];
  const key = Buffer.from(digits(seed, 'host-key', ...words), 'hex').toString('base64');
  return {
    [MACHINE_ID]: `${digits(seed, 'machine-id', ...words).slice(0, 32)}\n`,
    [HOST_KEY]: `ssh-ed25519 ${key}`,
  };
}

function nonEmpty(files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([path, content]) => path !== MACHINE_ID || content !== ''));
}
