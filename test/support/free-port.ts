import { randomInt } from 'node:crypto';
import getPort, { portNumbers } from 'get-port';

/** Below the ports from which Linux takes those of outgoing connections (32768 to 60999), so that none of them is in the way later. */
const range = { first: 10_000, last: 31_000, width: 500 };

/** A port of the loopback that nothing listens on. Test processes that ask at once begin at different places. */
export async function freePort(): Promise<number> {
  const first = randomInt(range.first, range.last);
  return await getPort({ port: portNumbers(first, first + range.width), host: '127.0.0.1' });
}
