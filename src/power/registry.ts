import type { Computer } from '../domain/computer.ts';
import { UnsupportedError } from '../domain/errors.ts';
import type { Secrets } from '../remote/secrets.ts';
import type { Shell } from '../remote/shell.ts';
import type { BmcTurns } from './bmc-turns.ts';
import type { PowerModule } from './power-module.ts';
import type { PowerSettings } from './settings.ts';

/** What power modules work with. */
export interface PowerDeps {
  readonly secrets: Secrets;
  /** The management node itself: its ipmitool is used, and its network. */
  readonly shell: Shell;
  readonly turns: BmcTurns;
}

type Kind = PowerSettings['kind'];

/** How the module of a kind is made for one computer. A missing entry does not compile. */
type Factories = {
  readonly [K in Kind]: (
    deps: PowerDeps,
    computer: Computer,
    settings: Extract<PowerSettings, { kind: K }>,
  ) => PowerModule;
};

const missing = (kind: Kind) => (): never => {
  throw new UnsupportedError(`the power module ${kind} is not there yet`);
};

const factories: Factories = {
  ipmi: missing('ipmi'),
  redfish: missing('redfish'),
  'wake-on-lan': missing('wake-on-lan'),
};

/** The module that a computer's settings ask for. Nothing is sent yet. */
export function openPowerModule(deps: PowerDeps, computer: Computer, settings: PowerSettings): PowerModule {
  switch (settings.kind) {
    case 'ipmi':
      return factories.ipmi(deps, computer, settings);
    case 'redfish':
      return factories.redfish(deps, computer, settings);
    case 'wake-on-lan':
      return factories['wake-on-lan'](deps, computer, settings);
  }
}
