import type { Computer } from '../../domain/computer.ts';
import type { ComputerPower } from '../../power/power-module.ts';
import type { DiskSelect, Imaging } from './imaging.ts';
import { powerSettingsOf, readSettings, type BaremetalSettings, type DiskSettings } from './settings.ts';
import type { PowerSettings } from '../../power/settings.ts';

/** What the provisioner stands on. */
export interface BaremetalDeps {
  /** Makes the power of computers from where their settings name it. */
  power(settingsOf: (computer: Computer) => PowerSettings | undefined): ComputerPower;
  readonly imaging: Imaging;
  /** Reads of a file of chunks which disk it holds. */
  capturedDisk(file: string): Promise<{ readonly sizeBytes: number }>;
  /** How often the state of a machine is asked for; default: every 2 seconds. */
  readonly pollMs?: number;
}

/** One machine with all that drives it. */
export interface Machine {
  readonly computer: Computer;
  readonly settings: BaremetalSettings;
  readonly power: ComputerPower;
  readonly imaging: Imaging;
  readonly capturedDisk: BaremetalDeps['capturedDisk'];
  readonly pollMs: number;
}

export type OpenMachine = (computer: Computer) => Machine;

/** InvalidInputError for a computer whose settings are wrong. */
export function machineOpener(deps: BaremetalDeps, power: ComputerPower): OpenMachine {
  const { imaging, pollMs = 2_000 } = deps;
  return (computer) => ({
    computer,
    settings: readSettings(computer),
    power,
    imaging,
    capturedDisk: async (file) => await deps.capturedDisk(file),
    pollMs,
  });
}

export function powerOf(deps: BaremetalDeps): ComputerPower {
  return deps.power(powerSettingsOf);
}

/** By its serial number and size where they are known, otherwise by its name. */
export function selectOf({ name, serial, sizeBytes }: DiskSettings): DiskSelect {
  if (serial === undefined && sizeBytes === undefined) return { path: `/dev/${name}` };
  return { ...(serial === undefined ? {} : { serial }), ...(sizeBytes === undefined ? {} : { sizeBytes }) };
}

export function cardsOf({ macAddresses }: Computer): string[] {
  return macAddresses.map((card) => card.toLowerCase());
}
