import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../fault.ts';
import { findBusy } from '../find-busy.ts';
import type { RealStage } from '../real-stage.ts';

/** From shorter than a worker's lease to much longer. */
const silentMs = { from: 5_000, to: 45_000 } as const;

export const silenceNetwork: Fault<RealStage> = {
  kind: 'network silent',
  about:
    'between the workers and a guest nothing passes any more, and nobody hangs up; some seconds later all passes again',
  weight: 1,
  oneAtATime: true,
  async strike({ relays }, random) {
    const busy = await findBusy(relays, random);
    if (busy === undefined) return { what: undefined };
    const passAgain = busy.relay.silence();
    const forMs = random.whole(silentMs.from, silentMs.to);
    await sleep(forMs);
    passAgain();
    return { what: `${busy.node} for ${(forMs / 1000).toFixed(1)} s` };
  },
};
