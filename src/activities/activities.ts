import { createArchivingActivities, type ArchivingActivities } from './archiving.ts';
import { createAuditingActivities, type AuditingActivities } from './auditing.ts';
import { createBringCopyActivities, type BringCopyActivities } from './bring-copy.ts';
import { createCapturePlanActivities, type CapturePlanActivities } from './capture-plan.ts';
import { createClaimingActivities, type ClaimingActivities } from './claiming.ts';
import { createDeletingActivities, type DeletingActivities } from './deleting.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { createFleetActivities, type FleetActivities } from './fleet.ts';
import { createHandingOverActivities, type HandingOverActivities } from './handing-over.ts';
import { createHeldPowerActivities, type HeldPowerActivities } from './held-power.ts';
import { createHoldingActivities, type HoldingActivities } from './holding.ts';
import { createFreeingActivities, type FreeingActivities } from './freeing.ts';
import { createLoadPlanActivities, type LoadPlanActivities } from './load-plan.ts';
import { createLoadedSystemActivities, type LoadedSystemActivities } from './loaded-system.ts';
import { createMovingActivities, type MovingActivities } from './moving.ts';
import { createNodeStatusActivities, type NodeStatusActivities } from './node-status.ts';
import { createPowerActivities, type PowerActivities } from './power.ts';
import { createPreviewActivities, type PreviewActivities } from './preview.ts';
import { createRescuingActivities, type RescuingActivities } from './rescuing.ts';
import { createSlotActivities, type SlotActivities } from './slots.ts';
import { createStagingActivities, type StagingActivities } from './staging.ts';
import { createSystemsCheckActivities, type SystemsCheckActivities } from './systems-check.ts';
import { createTakingOverActivities, type TakingOverActivities } from './taking-over.ts';
import { createUnloadingActivities, type UnloadingActivities } from './unloading.ts';
import { createVerifyAndPublishActivities, type VerifyAndPublishActivities } from './verify-and-publish.ts';

/** Everything that workflows can ask for, by name. Inputs only grow within a release. */
export type Activities = ClaimingActivities &
  CapturePlanActivities &
  StagingActivities &
  VerifyAndPublishActivities &
  LoadPlanActivities &
  BringCopyActivities &
  SlotActivities &
  FleetActivities &
  LoadedSystemActivities &
  UnloadingActivities &
  DeletingActivities &
  NodeStatusActivities &
  PowerActivities &
  PreviewActivities &
  ArchivingActivities &
  AuditingActivities &
  SystemsCheckActivities &
  TakingOverActivities &
  FreeingActivities &
  HandingOverActivities &
  HoldingActivities &
  HeldPowerActivities &
  MovingActivities &
  RescuingActivities;

export function createActivities(deps: ActivityDependencies): Activities {
  return {
    ...createClaimingActivities(deps),
    ...createCapturePlanActivities(deps),
    ...createStagingActivities(deps),
    ...createVerifyAndPublishActivities(deps),
    ...createLoadPlanActivities(deps),
    ...createBringCopyActivities(deps),
    ...createSlotActivities(deps),
    ...createFleetActivities(deps),
    ...createLoadedSystemActivities(deps),
    ...createUnloadingActivities(deps),
    ...createDeletingActivities(deps),
    ...createNodeStatusActivities(deps),
    ...createPowerActivities(deps),
    ...createPreviewActivities(deps),
    ...createArchivingActivities(deps),
    ...createAuditingActivities(deps),
    ...createSystemsCheckActivities(deps),
    ...createTakingOverActivities(deps),
    ...createFreeingActivities(deps),
    ...createHandingOverActivities(deps),
    ...createHoldingActivities(deps),
    ...createHeldPowerActivities(deps),
    ...createMovingActivities(deps),
    ...createRescuingActivities(deps),
  };
}
