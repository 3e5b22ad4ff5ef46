import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InvalidInputError, NotFoundError, UnauthorizedError, UnavailableError } from '../../src/domain/errors.ts';
import type { PowerModule } from '../../src/power/power-module.ts';
import { openPowerModule } from '../../src/power/registry.ts';
import { powerSettings } from '../../src/power/settings.ts';
import { createBmcWorld, type BmcWorld } from '../support/bmc-world.ts';
import { skipWithout, whyUnavailable } from '../support/unavailable.ts';
import { freePort } from '../support/free-port.ts';

let world: BmcWorld;
const machine = 'behind-bmc';
let settings: Record<'ipmi' | 'redfish', Record<string, unknown>>;

const isMissingSomething = (): boolean => whyUnavailable('vm') !== undefined || whyUnavailable('bmc') !== undefined;

beforeAll(async () => {
  if (isMissingSomething()) return;
  world = await createBmcWorld();
  await world.addMachine(machine);
  settings = { ipmi: await world.ipmi(machine), redfish: await world.redfish(machine) };
}, 300_000);
afterAll(async () => {
  if (!isMissingSomething()) await world.close();
});
beforeEach((context) => skipWithout(context, 'vm', 'bmc'));

const moduleWith = (kind: 'ipmi' | 'redfish', changes: Record<string, unknown> = {}): PowerModule =>
  openPowerModule(world.deps, world.libvirt.computer(machine), powerSettings.parse({ ...settings[kind], ...changes }));

/** virtualbmc writes it into the order of the devices' kinds, sushy-emulator into the device. */
async function bootsFromNetwork(): Promise<boolean> {
  const xml = await world.libvirt.virsh('dumpxml', '--inactive', machine);
  const [card = ''] = /<interface[\s\S]*<\/interface>/.exec(xml) ?? [];
  return xml.includes("<boot dev='network'/>") || card.includes("<boot order='1'/>");
}

describe.each(['ipmi', 'redfish'] as const)('a virtual machine behind a controller, by %s', (kind) => {
  it('is powered on, asked off, forced off and reset, each once and once more', async () => {
    const power = moduleWith(kind);
    for (const again of [1, 2]) {
      await power.on(world.context);
      expect((await power.read(world.context)).value, `on, time ${String(again)}`).toBe('on');
    }
    expect(await world.stateOf(machine)).toBe('running');
    await power.reset(world.context);
    expect(await world.stateOf(machine)).toBe('running');
    for (const again of [1, 2]) {
      await power.forceOff(world.context);
      expect((await power.read(world.context)).value, `off, time ${String(again)}`).toBe('off');
    }
    expect(await world.stateOf(machine)).toBe('shut off');
    await power.askOff(world.context);
  });

  it('is asked off: the guest hears the button, and the reading follows', async () => {
    const power = moduleWith(kind);
    await power.on(world.context);
    await expect
      .poll(
        async () => {
          await power.askOff(world.context);
          return (await power.read(world.context)).value;
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe('off');
    expect(await world.libvirt.virsh('domstate', machine, '--reason')).toBe('shut off (shutdown)');
  });

  it('boots from the network once asked for, read back, and from the disk again', async () => {
    const { bootTarget } = moduleWith(kind);
    const network = await bootTarget!.set({ target: 'network', lasting: 'once' }, world.context);
    expect(network.target).toBe('network');
    expect(await bootsFromNetwork()).toBe(true);
    const disk = await bootTarget!.set({ target: 'disk', lasting: 'until changed' }, world.context);
    expect(disk.target).toBe('disk');
    expect(await bootsFromNetwork()).toBe(false);
  });

  it('is not powered with a wrong password, which is told from a controller that does not answer', async () => {
    await expect(moduleWith(kind, { passwordSecret: 'wrong' }).on(world.context)).rejects.toThrow(UnauthorizedError);
    const port = await freePort();
    const elsewhere = kind === 'ipmi' ? { port } : { url: `https://127.0.0.1:${String(port)}` };
    await expect(moduleWith(kind, elsewhere).on(world.context)).rejects.toThrow(UnavailableError);
  });
});

describe('by ipmi', () => {
  it('the password is in no argument of a command while it runs', async () => {
    const reading = moduleWith('ipmi', { port: await freePort() }).read(world.context);
    let seen = '';
    await expect
      .poll(async () => (seen = await argumentsOf('ipmitool')), { timeout: 5_000, interval: 20 })
      .toContain('lanplus');
    expect(seen).not.toContain('sesame');
    await expect(reading).rejects.toThrow(UnavailableError);
  });
});

describe('by redfish', () => {
  it('a certificate that is not the pinned one, or that nobody signed, is refused before anything is sent', async () => {
    const other = { certificateFingerprint: Array<string>(32).fill('AB').join(':') };
    await expect(moduleWith('redfish', other).read(world.context)).rejects.toThrow(/has another certificate/);
    const { certificateFingerprint: _, ...unpinned } = settings.redfish;
    const module = openPowerModule(world.deps, world.libvirt.computer(machine), powerSettings.parse(unpinned));
    const failure: unknown = await module.read(world.context).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnauthorizedError);
    expect(failure).toMatchObject({ message: expect.stringContaining('is not trusted') as string });
  });

  it('a system that is not there is not found, and the only one needs no name', async () => {
    await expect(moduleWith('redfish', { system: 'nobody' }).read(world.context)).rejects.toThrow(NotFoundError);
    const { system: _, ...unnamed } = settings.redfish;
    const module = openPowerModule(world.deps, world.libvirt.computer(machine), powerSettings.parse(unnamed));
    expect((await module.read(world.context)).value).toBe('off');
    await world.addMachine('second');
    await expect(module.read(world.context)).rejects.toThrow(InvalidInputError);
  });
});

async function argumentsOf(command: string): Promise<string> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.startsWith(`${command}\0`)).join('\n');
}
