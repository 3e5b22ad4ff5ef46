import type { Resumes } from './inputs.ts';

/** What the activities of a capture need beside the step. */
export interface CapturePlanRequest {
  /** The run that is taken up, if one is. */
  readonly resumes?: Resumes;
  readonly revisionId: number;
  readonly allowForcedOff: boolean;
  readonly shutdownSeconds: number;
  readonly copyRateBytes?: number;
}

/** What the activities of a load need beside the step. */
export interface LoadPlanRequest {
  readonly revisionId: number;
}
