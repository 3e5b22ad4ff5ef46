import type { Problem } from './computer.ts';
import type { PlanStep } from './plan.ts';

/** What a capture would do if it began now. */
export interface CapturePreview {
  /** `web-v4`: the number is not reserved, so another capture may take it first. */
  readonly revision: string;
  /** The provisioner's plan; empty when `problems` keep it from making one. */
  readonly steps: readonly PlanStep[];
  readonly check: CapturePreviewCheck;
  /** Said only where the system that captures it may not load it: those that may. */
  readonly loadableBy?: readonly string[];
  /** A run that still owns the node though it is over: the capture would begin by taking the node over from it. */
  readonly takesOverFrom?: string;
  /** Of a run that takes another up: from where it goes on, or why it begins at the beginning. */
  readonly takesUp?: TakesUp;
}

/** A capture either goes on behind the step of that run which saw its system off, when nobody has touched it since, or begins again. */
export type TakesUp =
  | { readonly run: string; readonly behindStep: string; readonly untouchedSince: string }
  | { readonly run: string; readonly fromTheBeginning: string };

export interface CapturePreviewCheck {
  /** What stands in the way; empty when nothing does. */
  readonly problems: readonly Problem[];
  /** The most that the copy can take in the library, and what is free there. */
  readonly bytesNeeded: number;
  readonly bytesFree: number;
  readonly library: string;
}
