import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '../../domain/call-context.ts';
import type { Computer } from '../../domain/computer.ts';
import { DeadlineError, UnavailableError, UnsupportedError } from '../../domain/errors.ts';
import type { PowerReading } from '../../domain/power.ts';
import type { PowerModule } from '../power-module.ts';
import type { WakeOnLanSettings } from '../settings.ts';
import { answerOf } from './answers.ts';
import { magicPacket } from './magic-packet.ts';

const POLL_MS = 2_000;

/** A packet is lost without a word: sent again so often until the machine answers. */
const RESEND_MS = 15_000;

/**
 * Powers a machine on by Wake-on-LAN, and nothing else: that is all that it can. On is read from whether the machine's SSH port answers; a machine that
 * does not answer may be on all the same, so it is never said to be off.
 */
export function openWakeOnLan(computer: Computer, settings: WakeOnLanSettings): PowerModule {
  const subject = `wake-on-lan of ${computer.name}`;
  const cannot = (what: string) => async (): Promise<never> => {
    throw new UnsupportedError(`${subject} cannot ${what}: it only powers on`);
  };
  return {
    subject,
    read: (context) => readByAnswer(computer, context),
    on: (context) => wake(computer, settings, context),
    askOff: cannot('ask the system to power off'),
    forceOff: cannot('cut the power'),
    reset: cannot('reset'),
  };
}

async function readByAnswer({ address, sshPort }: Computer, { signal }: CallContext): Promise<PowerReading> {
  const answer = await answerOf(address, sshPort, signal);
  const raw = `port ${String(sshPort)} of ${address}: ${answer}`;
  return { value: answer === 'silent' ? 'unknown' : 'on', raw, at: new Date().toISOString() };
}

async function wake(computer: Computer, settings: WakeOnLanSettings, context: CallContext): Promise<void> {
  const deadline = Date.now() + settings.confirmSeconds * 1_000;
  for (let sendNext = Date.now(); ;) {
    const reading = await readByAnswer(computer, context);
    if (reading.value === 'on') return;
    if (Date.now() > deadline) {
      const waited = `${String(settings.confirmSeconds)} s after it was woken`;
      throw new DeadlineError(`${computer.name} does not answer ${waited}`, { evidence: { reading } });
    }
    if (Date.now() >= sendNext) {
      for (const address of computer.macAddresses) await broadcast(magicPacket(address), settings);
      sendNext = Date.now() + RESEND_MS;
    }
    context.progress({ what: `Wait until ${computer.name} answers` });
    await delay(POLL_MS, undefined, { signal: context.signal });
  }
}

async function broadcast(packet: Buffer, { broadcast: address, port }: WakeOnLanSettings): Promise<void> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, () => {
        socket.setBroadcast(true);
        socket.send(packet, port, address, (error) => (error === null ? resolve() : reject(error)));
      });
    });
  } catch (error) {
    throw new UnavailableError(`could not send to ${address}:${String(port)}`, { cause: error });
  } finally {
    socket.close();
  }
}
