import type { Invariant } from '../invariant.ts';
import { answersAreTrue } from '../invariants/answers-are-true.ts';
import { archiveAgrees } from '../invariants/archive-agrees.ts';
import { everyRunEnded } from '../invariants/every-run-ended.ts';
import { nothingCompleteDeleted } from '../invariants/nothing-complete-deleted.ts';
import { nothingHalfWritten } from '../invariants/nothing-half-written.ts';
import { oneRevisionARequest } from '../invariants/one-revision-a-request.ts';
import { ownedOrResting } from '../invariants/owned-or-resting.ts';
import { noCopyTwice } from './invariants/no-copy-twice.ts';
import { nothingLeftOnHost } from './invariants/nothing-left-on-host.ts';
import { proofOnCopy } from './invariants/proof-on-copy.ts';
import { sealedMachineStaysOff } from './invariants/sealed-machine-stays-off.ts';
import type { RealStage } from './real-stage.ts';

/** What must hold, as it is read from real machines. Where only catalog, library and Temporal are read, it is as in the simulated storm. */
export function createRealInvariants(): readonly Invariant<RealStage>[] {
  return [
    oneRevisionARequest,
    nothingHalfWritten(),
    nothingCompleteDeleted(),
    proofOnCopy,
    sealedMachineStaysOff,
    noCopyTwice,
    ownedOrResting,
    nothingLeftOnHost,
    everyRunEnded,
    archiveAgrees,
    answersAreTrue,
  ];
}
