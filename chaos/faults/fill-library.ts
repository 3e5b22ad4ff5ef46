import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import type { SimulatedStage } from '../simulated-stage.ts';

export const fillLibrary: Fault<SimulatedStage> = {
  kind: 'library full',
  about: "the library's file system is filled to the last byte for some seconds",
  weight: 1,
  oneAtATime: true,
  async strike({ disk }, random) {
    if (disk === undefined) return { what: undefined };
    disk.fill();
    const fullMs = random.whole(1_000, 6_000);
    await sleep(fullMs);
    disk.empty();
    return { what: `for ${(fullMs / 1000).toFixed(1)} s` };
  },
};
