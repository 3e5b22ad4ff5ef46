import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

export const stopTemporal: Fault = {
  kind: 'Temporal killed',
  about: "SIGKILL of Temporal's server; started again on the same file some seconds later",
  weight: 1,
  oneAtATime: true,
  async strike({ imprint }, random) {
    const at = Date.now();
    await imprint.server.kill();
    await sleep(random.whole(0, 5_000));
    await imprint.server.restart();
    return { what: `away for ${((Date.now() - at) / 1000).toFixed(1)} s`, halted: { at, by: 'everything' } };
  },
};
