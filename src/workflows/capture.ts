import type { NamedRevision } from '../activities/claiming.ts';
import type { CapturePlanRequest } from '../domain/plan-request.ts';
import type { Steps } from './steps.ts';

/** One capture on its way: what its steps need of each other. */
export interface Capture {
  readonly steps: Steps;
  readonly node: string;
  readonly revision: NamedRevision;
  readonly request: CapturePlanRequest;
  /** What is in staging. A copy that was `proved` is complete: nothing automatic deletes it, also where it cannot be published. */
  staged: 'partial' | 'proved';
}
