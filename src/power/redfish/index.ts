import { InvalidInputError, UnsupportedError } from '../../domain/errors.ts';
import type { Bmc, BmcAction } from '../bmc.ts';
import { createConfirmedPower } from '../confirmed-power.ts';
import { inTurn } from '../in-turn.ts';
import { usualPace } from '../pace.ts';
import type { PowerDeps } from '../power-deps.ts';
import type { BootTargetChoice, PowerModule } from '../power-module.ts';
import type { RedfishSettings } from '../settings.ts';
import { type RedfishSession, type RedfishTarget, withRedfish } from './client.ts';
import {
  allowedIn,
  bootTargetOf,
  membersOf,
  parseSystem,
  powerOf,
  resetTypeFor,
  type System,
  usualResetTypes,
} from './system.ts';

/** Power by a controller that speaks Redfish (DSP0266). */
export function openRedfish(deps: PowerDeps, settings: RedfishSettings): PowerModule {
  const bmc = createRedfishBmc(deps, settings);
  const pace = { ...usualPace, confirmSeconds: settings.confirmSeconds };
  const controller = { name: `redfish ${new URL(settings.url).origin}`, restMs: settings.restSeconds * 1_000 };
  return createConfirmedPower(inTurn(bmc, deps.turns, controller), bmc.subject, pace);
}

function createRedfishBmc({ secrets }: PowerDeps, settings: RedfishSettings): Bmc {
  const { url, user, authentication, passwordSecret, ca, certificateFingerprint } = settings;
  const target: RedfishTarget = {
    url,
    user,
    authentication,
    password: async () => await secrets.resolve(passwordSecret),
    ...(ca === undefined ? {} : { ca }),
    ...(certificateFingerprint === undefined ? {} : { certificateFingerprint }),
  };
  const withSystem = async <T>(signal: AbortSignal, work: (found: FoundSystem) => Promise<T>): Promise<T> =>
    await withRedfish(target, signal, async (session) => {
      const path = await findSystem(session, settings);
      const { content, etag } = await session.get(path);
      return await work({ session, path, system: parseSystem(content), etag });
    });
  return {
    subject: `redfish ${url}${settings.system === undefined ? '' : ` system ${settings.system}`}`,
    read: async (signal) => await withSystem(signal, async ({ system }) => powerOf(system)),
    send: async (action, signal) => await withSystem(signal, async (found) => await sendReset(found, action)),
    readBootTarget: async (signal) =>
      await withSystem(signal, async (found) => bootTargetOf((await bootResourceOf(found)).system)),
    sendBootTarget: async (choice, signal) => await withSystem(signal, async (found) => await sendBoot(found, choice)),
  };
}

interface FoundSystem {
  readonly session: RedfishSession;
  readonly path: string;
  readonly system: System;
  readonly etag: string | undefined;
}

const SYSTEMS = '/redfish/v1/Systems';

/** The system of the settings, or the only one that there is. */
async function findSystem(session: RedfishSession, { system, url }: RedfishSettings): Promise<string> {
  if (system !== undefined) return `${SYSTEMS}/${system}`;
  const members = membersOf((await session.get(SYSTEMS)).content);
  const [only] = members;
  if (only !== undefined && members.length === 1) return only;
  const names = members.map((path) => path.split('/').at(-1)).join(', ');
  throw new InvalidInputError(`${url} has ${String(members.length)} systems; set system to one of: ${names}`);
}

async function sendReset({ session, path, system }: FoundSystem, action: BmcAction): Promise<void> {
  const reset = system.Actions?.['#ComputerSystem.Reset'];
  const named = reset?.['ResetType@Redfish.AllowableValues'] ?? [];
  const info = named.length === 0 ? reset?.['@Redfish.ActionInfo'] : undefined;
  const listed = typeof info === 'string' ? allowedIn((await session.get(info)).content) : named;
  const allowed = listed.length === 0 ? usualResetTypes : listed;
  const ResetType = resetTypeFor(action, allowed);
  if (ResetType === undefined) {
    throw new UnsupportedError(`${path} has no way to ${action}: it allows ${allowed.join(', ')}`);
  }
  await session.post(reset?.target ?? `${path.replace(/\/$/, '')}/Actions/ComputerSystem.Reset`, { ResetType });
}

/** Some controllers take the boot target only where the settings for the next start lie, and show it only there until then. */
async function bootResourceOf(found: FoundSystem): Promise<FoundSystem> {
  const path = found.system['@Redfish.Settings']?.SettingsObject?.['@odata.id'];
  if (typeof path !== 'string') return found;
  const { content, etag } = await found.session.get(path);
  const system = parseSystem(content);
  const takesIt = typeof system.Boot?.BootSourceOverrideTarget === 'string';
  return takesIt ? { session: found.session, path, system, etag } : found;
}

async function sendBoot(found: FoundSystem, choice: BootTargetChoice): Promise<void> {
  const { session, path, system, etag } = await bootResourceOf(found);
  // Some controllers take the override for the other kind of firmware where the mode is left out.
  const mode = system.Boot?.BootSourceOverrideMode;
  const Boot = {
    BootSourceOverrideTarget: choice.target === 'network' ? 'Pxe' : 'Hdd',
    BootSourceOverrideEnabled: choice.lasting === 'once' ? 'Once' : 'Continuous',
    ...(typeof mode === 'string' ? { BootSourceOverrideMode: mode } : {}),
  };
  await session.patch(path, { Boot }, etag);
}
