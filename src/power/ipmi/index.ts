import type { PowerReading } from '../../domain/power.ts';
import { createIpmitool, type BootFlags, type IpmiTarget } from '../../remote/ipmitool.ts';
import type { Bmc } from '../bmc.ts';
import { createConfirmedPower } from '../confirmed-power.ts';
import { inTurn } from '../in-turn.ts';
import { usualPace } from '../pace.ts';
import type { PowerDeps } from '../power-deps.ts';
import type { BootTargetReading, PowerModule } from '../power-module.ts';
import type { IpmiSettings } from '../settings.ts';

/** Power by a BMC that speaks IPMI 2.0 over LAN, with ipmitool. It knows on and off; what lies between it does not tell. */
export function openIpmi(deps: PowerDeps, settings: IpmiSettings): PowerModule {
  const bmc = createIpmiBmc(deps, settings);
  const pace = { ...usualPace, confirmSeconds: settings.confirmSeconds };
  const controller = { name: bmc.subject, restMs: settings.restSeconds * 1_000 };
  return createConfirmedPower(inTurn(bmc, deps.turns, controller), bmc.subject, pace);
}

function createIpmiBmc({ shell, secrets }: PowerDeps, settings: IpmiSettings): Bmc {
  const { address, port, user, passwordSecret, cipherSuite, privilege } = settings;
  const target: IpmiTarget = {
    address,
    port,
    user,
    privilege,
    password: async () => await secrets.resolve(passwordSecret),
    ...(cipherSuite === undefined ? {} : { cipherSuite }),
  };
  const ipmitool = createIpmitool(shell, target);
  const firmware = settings.firmware === 'uefi' ? ['efiboot'] : [];
  return {
    subject: `ipmi ${address}:${String(port)}`,
    read: async (signal) => toReading(await ipmitool.powerStatus(signal)),
    send: async (action, signal) => await ipmitool.control(action, signal),
    readBootTarget: async (signal) => toBootTarget(await ipmitool.bootFlags(signal)),
    sendBootTarget: async ({ target, lasting }, signal) => {
      const options = [...(lasting === 'until changed' ? ['persistent'] : []), ...firmware];
      await ipmitool.keepBootFlags(signal);
      await ipmitool.setBootDevice(target === 'network' ? 'pxe' : 'disk', options, signal);
    },
  };
}

function toReading({ on, raw }: { readonly on: boolean | undefined; readonly raw: string }): PowerReading {
  const value = on === undefined ? 'unknown' : on ? 'on' : 'off';
  return { value, raw, at: new Date().toISOString() };
}

/** The device numbers that we set (IPMI 2.0, table 28-14). */
const devices: Readonly<Record<number, BootTargetReading['target']>> = { 0: 'none', 1: 'network', 2: 'disk' };

/** The device counts whether or not the flags are marked valid: controllers are known that never mark them. */
function toBootTarget({ device, persistent, raw }: BootFlags): BootTargetReading {
  const target = devices[device] ?? 'other';
  const lasting = persistent ? 'until changed' : 'once';
  return { target, ...(target === 'none' ? {} : { lasting }), raw, at: new Date().toISOString() };
}
