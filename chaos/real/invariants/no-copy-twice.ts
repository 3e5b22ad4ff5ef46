import type { Invariant } from '../../invariant.ts';
import type { RealStage } from '../real-stage.ts';
import { repeatedCopies, repeatedStarts, type Repeated } from '../repeated.ts';

/** No copy is begun twice but where its process was killed, and no run starts its machine twice. */
export const noCopyTwice: Invariant<RealStage> = {
  name: 'no fenced action done twice',
  look: async (stage) => await Promise.resolve(repeatedCopies(stage).map(describe)),
  conclude: async (stage) => (await repeatedStarts(stage)).map(describe),
};

function describe({ what, run, times, allowed }: Repeated): string {
  return `${what} of ${run}: ${String(times)} times, where ${String(allowed)} may be`;
}
