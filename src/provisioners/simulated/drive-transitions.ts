import type { SimulatedDisk } from '../../domain/simulated-disk.ts';
import { without, type Machine } from './machine.ts';
import { forceOff } from './power-transitions.ts';

/** Off, remembering for this run whether it was on. Again: unchanged. */
export function stopForLoad(machine: Machine, run: string, now: number): Machine {
  if (machine.stopped?.run === run) return forceOff(machine, now);
  return { ...forceOff(machine, now), stopped: { run, wasOn: machine.power === 'on' } };
}

/**
 * Takes the present disks off the machine for this run. What another run left set aside is kept: it may be the only copy of something.
 * Again, or with nothing loaded: unchanged.
 */
export function setDrivesAside(machine: Machine, run: string): Machine {
  const { loaded, outgoing } = machine;
  if (loaded === undefined || loaded.run === run || outgoing?.run === run) return machine;
  const left = outgoing === undefined ? [] : [outgoing.drive];
  return {
    ...without(machine, 'loaded'),
    outgoing: { run, drive: loaded },
    setAside: [...machine.setAside, ...left],
  };
}

/** The undo of `setDrivesAside`; what the run had put in their place is gone. */
export function putBack(machine: Machine, run: string): Machine {
  const { loaded, outgoing } = machine;
  const cleared = loaded?.run === run ? without(machine, 'loaded') : machine;
  if (outgoing?.run !== run) return cleared;
  return { ...without(cleared, 'outgoing'), loaded: outgoing.drive };
}

/** Adds a disk to what the run loads; over an earlier attempt's disk of that name. */
export function putNewDisk(machine: Machine, run: string, disk: SimulatedDisk): Machine {
  const present = machine.loaded?.run === run ? machine.loaded.disks : [];
  // A system that has booted since has changed: it is the disk of this run, and is not filled again.
  if (present.some(({ name }) => name === disk.name)) return machine;
  return { ...machine, loaded: { run, disks: [...present, disk] } };
}

export function discardNewDisk(machine: Machine, run: string, disk: string): Machine {
  const { loaded } = machine;
  if (loaded?.run !== run) return machine;
  const disks = loaded.disks.filter(({ name }) => name !== disk);
  if (disks.length === loaded.disks.length) return machine;
  return disks.length === 0 ? without(machine, 'loaded') : { ...machine, loaded: { ...loaded, disks } };
}

/** What becomes of the outgoing disks once the new system has been READY. */
export function retireOutgoing(machine: Machine, run: string, fate: 'keep' | 'delete'): Machine {
  const { outgoing } = machine;
  const settled = machine.stopped?.run === run ? without(machine, 'stopped') : machine;
  if (outgoing?.run !== run) return settled;
  const kept = fate === 'keep' ? [outgoing.drive] : [];
  return { ...without(settled, 'outgoing'), setAside: [...settled.setAside, ...kept] };
}
