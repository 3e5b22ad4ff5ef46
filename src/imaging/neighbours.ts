import { execa } from 'execa';
import { CommandFailedError } from '../domain/errors.ts';

/** Whether a network card answers at an address, as this host's own network sees it. */
export type IsCardAt = (mac: string, address: string) => Promise<boolean>;

/** What this host's neighbour table says of an address with which it has just spoken. Nobody beyond a router has an entry there. */
export const isNeighbour: IsCardAt = async (mac, address) => {
  try {
    return cardsIn((await execa('ip', ['neigh', 'show', address])).stdout).includes(mac);
  } catch (cause) {
    throw new CommandFailedError(`look whose network card answers at ${address}: ip neigh failed`, { cause });
  }
};

/** The cards in what `ip neigh` prints: `10.9.0.17 dev eth1 lladdr 52:54:00:12:34:56 REACHABLE`; of an address that did not answer there is none. */
export function cardsIn(output: string): readonly string[] {
  return [...output.matchAll(/ lladdr ((?:[0-9a-f]{2}:){5}[0-9a-f]{2}) (?!.*FAILED)/gi)].map(([, card = '']) =>
    card.toLowerCase(),
  );
}
