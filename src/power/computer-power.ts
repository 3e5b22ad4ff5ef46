import type { CallContext } from '../domain/call-context.ts';
import type { Computer } from '../domain/computer.ts';
import { UnsupportedError } from '../domain/errors.ts';
import { awaitOff } from './await-off.ts';
import type { BootTargetControl, ComputerPower, PowerModule } from './power-module.ts';
import type { PowerDeps } from './power-deps.ts';
import { openPowerModule } from './registry.ts';
import type { PowerSettings } from './settings.ts';

/** Reads the power setting out of a computer's settings; undefined where it has none. */
export type PowerSettingsOf = (computer: Computer) => PowerSettings | undefined;

/** Power of computers by the setting that `settingsOf` finds; given to a provisioner as its `power`. */
export function createComputerPower(deps: PowerDeps, settingsOf: PowerSettingsOf): ComputerPower {
  const open = (computer: Computer): PowerModule => {
    const settings = settingsOf(computer);
    if (settings === undefined) throw new UnsupportedError(`${computer.name} has no power module: set settings.power`);
    return openPowerModule(deps, computer, settings);
  };
  const bootTarget = (computer: Computer): BootTargetControl => {
    const module = open(computer);
    if (module.bootTarget !== undefined) return module.bootTarget;
    throw new UnsupportedError(`the boot target of ${computer.name} cannot be chosen: ${module.subject} has none`);
  };
  return {
    read: async (computer, context) => await open(computer).read(context),
    on: async (computer, context) => await open(computer).on(context),
    askOff: async (computer, context) => await open(computer).askOff(context),
    forceOff: async (computer, context) => await open(computer).forceOff(context),
    reset: async (computer, context) => await open(computer).reset(context),
    awaitOff: async (computer, { seconds }, context) => await awaitOff(open(computer), seconds, context),
    readBootTarget: async (computer, context: CallContext) => await bootTarget(computer).read(context),
    setBootTarget: async (computer, choice, context) => await bootTarget(computer).set(choice, context),
    has: (computer) => settingsOf(computer) !== undefined,
    hasBootTarget: (computer) => settingsOf(computer) !== undefined && open(computer).bootTarget !== undefined,
    problems: (computer) => {
      if (settingsOf(computer)?.kind !== 'wake-on-lan' || computer.macAddresses.length > 0) return [];
      return [{ where: 'macAddresses', problem: 'expected a MAC address: Wake-on-LAN is sent to one' }];
    },
  };
}
