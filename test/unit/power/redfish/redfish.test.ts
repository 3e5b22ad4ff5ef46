import { afterEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../../src/domain/call-context.ts';
import {
  ConflictError,
  NotFoundError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from '../../../../src/domain/errors.ts';
import type { BmcTurns } from '../../../../src/power/bmc-turns.ts';
import type { PowerModule } from '../../../../src/power/power-module.ts';
import { openRedfish } from '../../../../src/power/redfish/index.ts';
import { bootTargetOf, parseSystem, powerOf, resetTypeFor } from '../../../../src/power/redfish/system.ts';
import { powerSettings, type RedfishSettings } from '../../../../src/power/settings.ts';
import { createSecrets } from '../../../../src/remote/secrets.ts';
import { labDeps } from '../../../support/lab-fixture.ts';
import { startRedfishServer, type Answering, type RedfishServer, type Reply } from '../../../support/redfish-server.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const deps = { ...labDeps, secrets: createSecrets({ values: { IMPRINT_SECRET_BMC: 'sesame' } }) };
const servers: RedfishServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A machine that is on, whose controller answers what changes something as the test says. */
async function controller(
  act: Answering,
  system: Reply = machine(),
  changes: Record<string, unknown> = {},
): Promise<{ power: PowerModule; server: RedfishServer }> {
  const server = await startRedfishServer((request) => (request.method === 'GET' ? system : act(request)));
  servers.push(server);
  const login = { url: server.url, user: 'admin', passwordSecret: 'bmc', system: '1' };
  const all = { kind: 'redfish', ...login, insecure: 'http', restSeconds: 0, confirmSeconds: 5, ...changes };
  return { power: openRedfish(deps, powerSettings.parse(all) as RedfishSettings), server };
}

const allowed = ['On', 'ForceOff', 'GracefulShutdown', 'ForceRestart'];
function machine(state = 'On', resetTypes: readonly string[] = allowed): Reply {
  const reset = { target: '/redfish/v1/Systems/1/Actions/Reset', 'ResetType@Redfish.AllowableValues': resetTypes };
  const body = { PowerState: state, Actions: { '#ComputerSystem.Reset': reset } };
  return { status: 200, headers: { ETag: 'W/"7"' }, body };
}

describe('a ComputerSystem', () => {
  it.each([
    ['On', 'on'],
    ['Off', 'off'],
    ['PoweringOn', 'turning-on'],
    ['PoweringOff', 'turning-off'],
    ['Paused', 'paused'],
    ['Reset', 'unknown'],
    ['Unknown', 'unknown'],
    [null, 'unknown'],
    [undefined, 'unknown'],
  ])('whose PowerState is %s is %s', (said, value) => {
    expect(powerOf(parseSystem({ PowerState: said })).value).toBe(value);
  });

  it('that is an empty answer is unknown, and neither on nor off', () => {
    expect(powerOf(parseSystem(undefined)).value).toBe('unknown');
    expect(powerOf(parseSystem('nonsense')).value).toBe('unknown');
  });

  it.each([
    [{ BootSourceOverrideTarget: 'Pxe', BootSourceOverrideEnabled: 'Once' }, 'network', 'once'],
    [{ BootSourceOverrideTarget: 'Pxe', BootSourceOverrideEnabled: 'Continuous' }, 'network', 'until changed'],
    [{ BootSourceOverrideTarget: 'Hdd', BootSourceOverrideEnabled: 'Continuous' }, 'disk', 'until changed'],
    [{ BootSourceOverrideTarget: 'Pxe', BootSourceOverrideEnabled: 'Disabled' }, 'none', undefined],
    [{ BootSourceOverrideTarget: 'None', BootSourceOverrideEnabled: 'Once' }, 'none', undefined],
    [{ BootSourceOverrideTarget: 'Cd', BootSourceOverrideEnabled: 'Once' }, 'other', 'once'],
  ])('that says %j boots from %s', (Boot, target, lasting) => {
    const reading = bootTargetOf(parseSystem({ Boot }));
    expect([reading.target, reading.lasting]).toEqual([target, lasting]);
  });

  it('is sent a reset type that it allows, and never another: some answer 204 to it and do nothing', () => {
    expect(resetTypeFor('on', ['ForceOn'])).toBe('ForceOn');
    expect(resetTypeFor('cycle', allowed)).toBeUndefined();
    expect(resetTypeFor('soft', ['ForceOff', 'PushPowerButton'])).toBeUndefined();
  });
});

describe('a Redfish controller', () => {
  it('is asked for what it allows, with the credentials that the secret has', async () => {
    const { power, server } = await controller(() => ({ status: 204 }));
    await power.askOff(context);
    const sent = server.seen.at(-1);
    expect(sent).toMatchObject({ method: 'POST', path: '/redfish/v1/Systems/1/Actions/Reset' });
    expect(JSON.parse(sent!.body)).toEqual({ ResetType: 'GracefulShutdown' });
    expect(sent!.headers.authorization).toBe(`Basic ${Buffer.from('admin:sesame').toString('base64')}`);
  });

  it('that cannot shut down gracefully is not sent a cut of the power instead', async () => {
    const { power, server } = await controller(() => ({ status: 204 }), machine('On', ['On', 'ForceOff']));
    await expect(power.askOff(context)).rejects.toThrow(UnsupportedError);
    expect(server.seen.every(({ method }) => method === 'GET')).toBe(true);
  });

  it.each([
    [401, '', UnauthorizedError],
    [403, '', UnauthorizedError],
    [404, '', NotFoundError],
    [409, '', ConflictError],
    [500, '', OutcomeUnknownError],
    [503, '', UnavailableError],
    [400, 'Base.1.0.ActionParameterNotSupported', UnsupportedError],
    [400, 'The server is already powered ON', ConflictError],
  ])('that answers an action with %i %s', async (status, message, Expected) => {
    const { power } = await controller(() => ({ status, body: { error: { message } } }));
    await expect(power.askOff(context)).rejects.toThrow(Expected);
  });

  it.each([
    [401, UnauthorizedError],
    [404, NotFoundError],
    [500, UnavailableError],
    [503, UnavailableError],
  ])('that answers a reading with %i', async (status, Expected) => {
    const { power } = await controller(() => ({ status: 204 }), { status });
    await expect(power.read(context)).rejects.toThrow(Expected);
  });

  it('whose answer to an action was lost leaves the outcome unknown, and one that cannot be reached nothing', async () => {
    const { power, server } = await controller(() => 'cut');
    await expect(power.askOff(context)).rejects.toThrow(OutcomeUnknownError);
    await server.close();
    servers.splice(0);
    await expect(power.askOff(context)).rejects.toThrow(UnavailableError);
  });

  it('is followed when it redirects to itself, with the same method, and not elsewhere', async () => {
    const { power, server } = await controller(({ path }) =>
      path.endsWith('/') ? { status: 204 } : { status: 308, headers: { Location: `${path}/` } },
    );
    await power.askOff(context);
    expect(server.seen.at(-1)).toMatchObject({ method: 'POST', path: '/redfish/v1/Systems/1/Actions/Reset/' });
    const thief = await startRedfishServer(() => ({ status: 204 }));
    servers.push(thief);
    const other = await controller(() => ({ status: 308, headers: { Location: `${thief.url}/` } }));
    await expect(other.power.askOff(context)).rejects.toThrow();
    expect(thief.seen).toEqual([]);
  });

  it('is sent the credentials alone, also where it names a path on another server', async () => {
    const thief = await startRedfishServer(() => ({ status: 204 }));
    servers.push(thief);
    const elsewhere = (target: string): Reply => {
      const reset = { target, 'ResetType@Redfish.AllowableValues': allowed };
      return { status: 200, body: { PowerState: 'On', Actions: { '#ComputerSystem.Reset': reset } } };
    };
    const lured = await controller(() => ({ status: 204 }), elsewhere(`${thief.url}/redfish/v1/Reset`));
    await expect(lured.power.askOff(context)).rejects.toThrow(UnauthorizedError);
    expect(thief.seen).toEqual([]);
    // The control: the same path in full, on the controller itself.
    const own = await startRedfishServer(({ method }) =>
      method === 'GET' ? elsewhere(`${own.url}/redfish/v1/Reset`) : { status: 204 },
    );
    servers.push(own);
    const { power } = await controller(() => ({ status: 204 }), machine(), { url: own.url });
    await power.askOff(context);
    expect(own.seen.at(-1)).toMatchObject({ method: 'POST', path: '/redfish/v1/Reset' });
  });

  it('has one turn for all its systems', async () => {
    const names: string[] = [];
    const turns: BmcTurns = {
      during: async ({ name }, { signal }, work) => {
        names.push(name);
        return await work(signal);
      },
    };
    const { server } = await controller(() => ({ status: 204 }));
    const login = { url: server.url, user: 'admin', passwordSecret: 'bmc', insecure: 'http', restSeconds: 0 };
    for (const system of ['1', '2']) {
      const settings = powerSettings.parse({ kind: 'redfish', ...login, system }) as RedfishSettings;
      const power = openRedfish({ ...deps, turns }, settings);
      await power.read(context);
      expect(power.subject).toContain(`system ${system}`);
    }
    expect(new Set(names)).toEqual(new Set([`redfish ${server.url}`]));
  });

  it('is patched with the ETag that was read, and read back', async () => {
    let boot = {};
    const server = await startRedfishServer(({ method, body }) => {
      if (method === 'PATCH') boot = (JSON.parse(body) as { Boot: object }).Boot;
      return { ...machine(), body: { PowerState: 'On', Boot: boot } };
    });
    servers.push(server);
    const login = { url: server.url, user: 'admin', passwordSecret: 'bmc', system: '1', insecure: 'http' };
    const settings = powerSettings.parse({ kind: 'redfish', ...login, restSeconds: 0 }) as RedfishSettings;
    const { bootTarget } = openRedfish(deps, settings);
    const reading = await bootTarget!.set({ target: 'network', lasting: 'once' }, context);
    expect(reading).toMatchObject({ target: 'network', lasting: 'once' });
    const patch = server.seen.find(({ method }) => method === 'PATCH');
    expect(patch!.headers['if-match']).toBe('W/"7"');
    expect(boot).toEqual({ BootSourceOverrideTarget: 'Pxe', BootSourceOverrideEnabled: 'Once' });
  });

  it.each([
    [
      'has one',
      { BootSourceOverrideTarget: 'None', BootSourceOverrideEnabled: 'Disabled' },
      '/redfish/v1/Systems/1/SD',
    ],
    ['has none', undefined, '/redfish/v1/Systems/1'],
  ])(
    'is patched at its settings resource, with the ETag of that one, where it %s',
    async (_title, pending, patched) => {
      const boots: Record<string, unknown> = {
        '/redfish/v1/Systems/1': { BootSourceOverrideTarget: 'None' },
        '/redfish/v1/Systems/1/SD': pending,
      };
      const Settings = { SettingsObject: { '@odata.id': '/redfish/v1/Systems/1/SD' } };
      const server = await startRedfishServer(({ method, path, body }) => {
        if (method === 'PATCH') boots[path] = (JSON.parse(body) as { Boot: object }).Boot;
        const system = { PowerState: 'On', Boot: boots[path], '@Redfish.Settings': Settings };
        return { status: 200, headers: { ETag: `"${path}"` }, body: system };
      });
      servers.push(server);
      const login = { url: server.url, user: 'admin', passwordSecret: 'bmc', system: '1', insecure: 'http' };
      const settings = powerSettings.parse({ kind: 'redfish', ...login, restSeconds: 0 }) as RedfishSettings;
      const reading = await openRedfish(deps, settings).bootTarget!.set(
        { target: 'network', lasting: 'once' },
        context,
      );
      expect(reading).toMatchObject({ target: 'network', lasting: 'once' });
      const patches = server.seen.filter(({ method }) => method === 'PATCH');
      expect(patches.map(({ path, headers }) => [path, headers['if-match']])).toEqual([[patched, `"${patched}"`]]);
    },
  );

  it('gives a session, which is ended after the work, where basic authentication is refused', async () => {
    const session = { 'X-Auth-Token': 'token', Location: '/redfish/v1/SessionService/Sessions/9' };
    const { power, server } = await controller(
      ({ path }) => (path.endsWith('/Sessions') ? { status: 201, headers: session } : { status: 204 }),
      machine(),
      { authentication: 'session' },
    );
    expect((await power.read(context)).value).toBe('on');
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /redfish/v1/SessionService/Sessions',
      'GET /redfish/v1/Systems/1',
      'DELETE /redfish/v1/SessionService/Sessions/9',
    ]);
    expect(server.seen[1]!.headers).toMatchObject({ 'x-auth-token': 'token' });
  });
});
