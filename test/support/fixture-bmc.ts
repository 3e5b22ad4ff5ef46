import type { PowerValue } from '../../src/domain/power.ts';
import type { Bmc, BmcAction } from '../../src/power/bmc.ts';
import type { BootTargetChoice, BootTargetReading } from '../../src/power/power-module.ts';

/** A controller that does what a test says: `obey` answers an action, and `readings` come before what it really is. */
export interface FixtureBmc extends Bmc {
  readonly sent: BmcAction[];
  power: PowerValue;
  /** What is read next, in this order: a value, or an error. Then `power`. */
  readings: (PowerValue | Error)[];
  boot: BootTargetReading['target'];
}

/** By default it does at once what it is sent. */
export function fixtureBmc(
  power: PowerValue,
  obey: (action: BmcAction, bmc: FixtureBmc) => void = doIt,
  obeyBoot: (choice: BootTargetChoice, bmc: FixtureBmc) => void = (choice, bmc) => void (bmc.boot = choice.target),
): FixtureBmc {
  const at = new Date(0).toISOString();
  const bmc: FixtureBmc = {
    subject: 'bmc of lab-07',
    sent: [],
    power,
    readings: [],
    boot: 'none',
    read: async () => {
      const next = bmc.readings.shift();
      if (next instanceof Error) throw next;
      return { value: next ?? bmc.power, raw: next ?? bmc.power, at };
    },
    send: async (action) => {
      bmc.sent.push(action);
      obey(action, bmc);
    },
    readBootTarget: async () => ({ target: bmc.boot, raw: bmc.boot, at }),
    sendBootTarget: async (choice) => obeyBoot(choice, bmc),
  };
  return bmc;
}

export function doIt(action: BmcAction, bmc: FixtureBmc): void {
  bmc.power = action === 'off' || action === 'soft' ? 'off' : 'on';
}
