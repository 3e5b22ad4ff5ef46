import type { Problem } from './computer.ts';
import type { PlanStep } from './plan.ts';

/** What a capture would do if it began now. */
export interface CapturePreview {
  /** `web-v4`: the number is not reserved, so another capture may take it first. */
  readonly revision: string;
  /** The provisioner's plan; empty when `problems` keep it from making one. */
  readonly steps: readonly PlanStep[];
  readonly check: CapturePreviewCheck;
  /** A run that still owns the node though it is over: the capture would begin by taking the node over from it. */
  readonly takesOverFrom?: string;
}

export interface CapturePreviewCheck {
  /** What stands in the way; empty when nothing does. */
  readonly problems: readonly Problem[];
  /** The most that the copy can take in the library, and what is free there. */
  readonly bytesNeeded: number;
  readonly bytesFree: number;
  readonly library: string;
}
