import type { Invariant } from './invariant.ts';
import { answersAreTrue } from './invariants/answers-are-true.ts';
import { archiveAgrees } from './invariants/archive-agrees.ts';
import { everyRunEnded } from './invariants/every-run-ended.ts';
import { nothingCompleteDeleted } from './invariants/nothing-complete-deleted.ts';
import { nothingDoneTwice } from './invariants/nothing-done-twice.ts';
import { nothingHalfWritten } from './invariants/nothing-half-written.ts';
import { nothingLeft } from './invariants/nothing-left.ts';
import { oneRevisionARequest } from './invariants/one-revision-a-request.ts';
import { ownedOrResting } from './invariants/owned-or-resting.ts';
import { proofOfShutdown } from './invariants/proof-of-shutdown.ts';
import { sealedStaysOff } from './invariants/sealed-stays-off.ts';
import type { SimulatedStage } from './simulated-stage.ts';

/** Fresh ones for one chaos run: some remember what they saw. */
export function createInvariants(): readonly Invariant<SimulatedStage>[] {
  return [
    oneRevisionARequest,
    nothingHalfWritten(),
    nothingCompleteDeleted(),
    proofOfShutdown(),
    sealedStaysOff(),
    nothingDoneTwice,
    ownedOrResting,
    nothingLeft,
    everyRunEnded,
    archiveAgrees,
    answersAreTrue,
  ];
}
