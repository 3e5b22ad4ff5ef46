import type { Computer } from '../domain/computer.ts';
import { openIpmi } from './ipmi/index.ts';
import type { PowerDeps } from './power-deps.ts';
import type { PowerModule } from './power-module.ts';
import { openRedfish } from './redfish/index.ts';
import type { PowerSettings } from './settings.ts';
import { openWakeOnLan } from './wake-on-lan/index.ts';

/** The module that a computer's settings ask for. Nothing is sent yet. A kind that is missing here does not compile. */
export function openPowerModule(deps: PowerDeps, computer: Computer, settings: PowerSettings): PowerModule {
  switch (settings.kind) {
    case 'ipmi':
      return openIpmi(deps, settings);
    case 'redfish':
      return openRedfish(deps, settings);
    case 'wake-on-lan':
      return openWakeOnLan(computer, settings);
  }
}
