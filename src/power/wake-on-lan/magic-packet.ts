import { InvalidInputError } from '../../domain/errors.ts';

/** Six bytes FF and the address sixteen times (AMD, Magic Packet Technology, 1995). */
export function magicPacket(macAddress: string): Buffer {
  if (!/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(macAddress)) {
    throw new InvalidInputError(`wake on LAN: expected a MAC address; got ${JSON.stringify(macAddress)}`);
  }
  const address = Buffer.from(macAddress.replaceAll(':', ''), 'hex');
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)]);
}
