import { z } from 'zod';
import type { PowerReading, PowerValue } from '../../domain/power.ts';
import type { BmcAction } from '../bmc.ts';
import type { BootTargetReading } from '../power-module.ts';

const names = z.array(z.string()).catch([]);

const link = z.looseObject({ '@odata.id': z.string().nullish() }).nullish();

/** What is read of a ComputerSystem (Redfish schema 1.20), or of the resource where its settings for the next start lie; whatever a controller leaves out or fills with null is absent. */
const systemSchema = z.looseObject({
  PowerState: z.string().nullish(),
  Boot: z
    .looseObject({
      BootSourceOverrideEnabled: z.string().nullish(),
      BootSourceOverrideTarget: z.string().nullish(),
      BootSourceOverrideMode: z.string().nullish(),
    })
    .nullish(),
  '@Redfish.Settings': z.looseObject({ SettingsObject: link }).nullish(),
  Actions: z
    .looseObject({
      '#ComputerSystem.Reset': z
        .looseObject({
          target: z.string().nullish(),
          'ResetType@Redfish.AllowableValues': names.nullish(),
          '@Redfish.ActionInfo': z.string().nullish(),
        })
        .nullish(),
    })
    .nullish(),
});
export type System = z.output<typeof systemSchema>;

const actionInfoSchema = z.looseObject({
  Parameters: z.array(z.looseObject({ Name: z.string(), AllowableValues: names.nullish() })).catch([]),
});

/** An empty answer, or one that is no system, says nothing: every value is absent. */
export function parseSystem(content: unknown): System {
  const parsed = systemSchema.safeParse(content);
  return parsed.success ? parsed.data : {};
}

/** PowerState of the schema to the house's words; whatever else is said is `unknown`. */
const powerStates: Readonly<Record<string, PowerValue>> = {
  On: 'on',
  Off: 'off',
  PoweringOn: 'turning-on',
  PoweringOff: 'turning-off',
  Paused: 'paused',
};

export function powerOf(system: System): PowerReading {
  const said = system.PowerState;
  const value = (typeof said === 'string' ? powerStates[said] : undefined) ?? 'unknown';
  return { value, raw: said ?? 'no PowerState', at: new Date().toISOString() };
}

export function bootTargetOf(system: System): BootTargetReading {
  const { BootSourceOverrideEnabled: enabled, BootSourceOverrideTarget: said } = system.Boot ?? {};
  const raw = `${said ?? 'no target'}, ${enabled ?? 'not enabled'}`;
  const at = new Date().toISOString();
  if (said === undefined || said === null || said === 'None' || enabled === 'Disabled') {
    return { target: 'none', raw, at };
  }
  const target = said === 'Pxe' ? 'network' : said === 'Hdd' ? 'disk' : 'other';
  return { target, lasting: enabled === 'Once' ? 'once' : 'until changed', raw, at };
}

/** ResetType by what is meant, best first. PushPowerButton is in none: what it does depends on the state and on the system. */
const resetTypes: Readonly<Record<BmcAction, readonly string[]>> = {
  on: ['On', 'ForceOn'],
  off: ['ForceOff'],
  soft: ['GracefulShutdown'],
  reset: ['ForceRestart'],
  cycle: ['PowerCycle', 'FullPowerCycle'],
};

/** The first that the controller allows; undefined when it allows none of them. What it does not name is not sent: some answer 204 and do nothing. */
export function resetTypeFor(action: BmcAction, allowed: readonly string[]): string | undefined {
  return resetTypes[action].find((type) => allowed.includes(type));
}

/** What every controller must know where it does not say what it allows: the schema's On and ForceOff, and what nearly all have. */
export const usualResetTypes: readonly string[] = ['On', 'ForceOff', 'GracefulShutdown', 'ForceRestart'];

/** The values of ResetType in the resource that `@Redfish.ActionInfo` names. */
export function allowedIn(actionInfo: unknown): readonly string[] {
  const parsed = actionInfoSchema.safeParse(actionInfo);
  const parameters = parsed.success ? parsed.data.Parameters : [];
  return parameters.find(({ Name }) => Name === 'ResetType')?.AllowableValues ?? [];
}

/** Paths of the systems of a collection. */
export function membersOf(collection: unknown): readonly string[] {
  const schema = z.looseObject({ Members: z.array(z.looseObject({ '@odata.id': z.string() })) });
  const parsed = schema.safeParse(collection);
  return parsed.success ? parsed.data.Members.map((member) => member['@odata.id']) : [];
}
