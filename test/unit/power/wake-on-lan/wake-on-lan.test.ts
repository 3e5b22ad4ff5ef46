import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../../src/domain/call-context.ts';
import { DeadlineError, InvalidInputError, UnsupportedError } from '../../../../src/domain/errors.ts';
import { powerSettings, type WakeOnLanSettings } from '../../../../src/power/settings.ts';
import { openWakeOnLan } from '../../../../src/power/wake-on-lan/index.ts';
import { magicPacket } from '../../../../src/power/wake-on-lan/magic-packet.ts';
import { createLab } from '../../../../src/provisioners/lab/index.ts';
import { labComputer, labDeps } from '../../../support/lab-fixture.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Where the packets of a test arrive, in place of a network. */
async function listen(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => socket.close());
  return { socket, port: socket.address().port };
}

const settingsFor = (port: number, changes: object = {}): WakeOnLanSettings =>
  powerSettings.parse({ kind: 'wake-on-lan', broadcast: '127.0.0.1', port, ...changes }) as WakeOnLanSettings;

const macAddresses = ['52:54:00:00:00:07'];
/** An address that nobody has (RFC 5737). */
const silent = { ...labComputer('lab-07'), macAddresses };

describe('Wake-on-LAN', () => {
  it('sends the address sixteen times after six bytes FF', () => {
    const packet = magicPacket('52:54:00:00:00:07');
    expect(packet.toString('hex')).toBe('ff'.repeat(6) + '525400000007'.repeat(16));
    expect(() => magicPacket('52-54-00')).toThrow(InvalidInputError);
  });

  it('wakes a machine, and is done once it answers', async () => {
    const { socket, port } = await listen();
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sshPort = (server.address() as AddressInfo).port;
    closing.push(() => server.close());
    const computer = { ...silent, address: '127.0.0.1', sshPort };
    // Answers already: nothing is sent.
    let packets = 0;
    socket.on('message', () => (packets += 1));
    const power = openWakeOnLan(computer, settingsFor(port));
    await power.on(context);
    expect((await power.read(context)).value).toBe('on');
    expect(packets).toBe(0);
  });

  it('sends a packet to a machine that does not answer, and never says that it is off', async () => {
    const { socket, port } = await listen();
    const arrived = once(socket, 'message');
    const stopped = new AbortController();
    const power = openWakeOnLan(silent, settingsFor(port));
    const waking = power.on({ ...context, signal: stopped.signal });
    const [packet] = (await arrived) as [Buffer];
    expect(packet.equals(magicPacket('52:54:00:00:00:07'))).toBe(true);
    stopped.abort(new Error('enough'));
    await expect(waking).rejects.toThrow(/enough|aborted/);
    expect((await power.read(context)).value).toBe('unknown');
  });

  it('gives up when the machine does not answer in time', async () => {
    const { port } = await listen();
    const power = openWakeOnLan(silent, { ...settingsFor(port), confirmSeconds: 0 });
    await expect(power.on(context)).rejects.toThrow(DeadlineError);
  });

  it('says of all else that it cannot do it', async () => {
    const power = openWakeOnLan(silent, settingsFor(9));
    for (const action of [power.askOff, power.forceOff, power.reset]) {
      await expect(action(context)).rejects.toThrow(UnsupportedError);
    }
    expect(power.bootTarget).toBeUndefined();
  });

  it('needs a MAC address, which the check of a lab machine says', () => {
    const lab = createLab(labDeps);
    const computer = { ...silent, settings: { power: { kind: 'wake-on-lan' } } };
    expect(lab.validate(computer)).toEqual([]);
    expect(lab.validate({ ...computer, macAddresses: [] }).map(({ where }) => where)).toEqual(['macAddresses']);
    const wrong = { ...computer, settings: { power: { kind: 'ipmi' } } };
    expect(lab.validate(wrong).map(({ where }) => where)).toContain('settings.power.address');
    expect(lab.hasPower?.(computer)).toBe(true);
    expect(lab.hasPower?.(silent)).toBe(false);
  });
});
