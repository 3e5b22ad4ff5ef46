import type { JsonObject } from './plan.ts';

export const procedures = [
  'captureImage',
  'loadNode',
  'powerNode',
  'checkNode',
  'unloadNode',
  'deleteRevision',
  'freeNode',
  'loadFleet',
  'reserveNode',
  'reclaimNode',
] as const;
export type Procedure = (typeof procedures)[number];

/** What becomes of the captured node: loaded with the new revision as VCL does, powered on again (VCL's checkpoint), or left off. */
export const afterCaptureValues = ['reload', 'powerOn', 'leaveOff'] as const;
export type AfterCapture = (typeof afterCaptureValues)[number];

/**
 * The state of a run in the catalog. `running` until its outcome is recorded. A run that was ended in Temporal (`terminated`, `timed-out`)
 * has not taken its steps back; of a `lost` one Temporal has no record.
 */
export const runStates = ['running', 'completed', 'failed', 'cancelled', 'terminated', 'timed-out', 'lost'] as const;
export type RunState = (typeof runStates)[number];

/** One step of a run as it was done: one row a step, the last attempt. */
export interface StepRecord {
  /** `5.2`: the numbers of the procedure's page; plan steps are numbered below the step that carries them out. */
  readonly number: string;
  readonly title: string;
  readonly state: 'running' | 'done' | 'failed' | 'undone' | 'undo-failed';
  readonly attempt: number;
  /** ISO 8601, UTC: when the first attempt began, when the last one ended. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly evidence?: JsonObject;
  readonly error?: string;
}

/** A run as the catalog keeps it. */
export interface RunRecord {
  /** The Temporal workflow id: `<procedure>/<node>/<request key or ULID>`; of a fleet with the image in place of the node. */
  readonly id: string;
  readonly procedure: Procedure;
  /** What it works on: a node; for deleteRevision the revision's name, `web-v3`; for loadFleet `*`, many nodes. */
  readonly node: string;
  readonly requestKey?: string;
  readonly input: JsonObject;
  readonly state: RunState;
  /** One sentence: what came of it. */
  readonly outcome?: string;
  readonly created: string;
  readonly ended?: string;
}
