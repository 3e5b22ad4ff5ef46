import type { Evidence } from '../domain/plan.ts';
import { endJobs } from '../library/jobs.ts';
import { prepare } from '../library/prepare.ts';
import { setStagingAside } from '../library/set-aside-staging.ts';
import { openStaging, removeStaging } from '../library/staging.ts';
import type { CapturePlanRequest } from '../domain/plan-request.ts';
import type { StepInput } from '../domain/step-input.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { namingFullLibrary } from './full-library.ts';
import { captureFacts } from './facts.ts';

type CaptureStepInput = StepInput & CapturePlanRequest;

/** The staging directory of a capture, from before the first byte until it was published. */
export interface StagingActivities {
  openStaging(input: CaptureStepInput): Promise<Evidence>;
  /** Its undo: every job of the run is ended and proved dead before what they write to is removed. */
  removeStaging(input: CaptureStepInput): Promise<void>;
  /** Its undo once the copy is complete: the same, but the directory is moved to where nothing automatic removes it. Answers where that is. */
  keepStaging(input: CaptureStepInput): Promise<{ readonly keptIn?: string }>;
  /** Removes the directories of jobs that are done. */
  clearJobs(input: CaptureStepInput): Promise<void>;
}

export function createStagingActivities(deps: ActivityDependencies): StagingActivities {
  return {
    async openStaging(input) {
      const { library, request } = await captureFacts(deps, input);
      // The worker prepares its own library at start; that of a host of virtual machines may be new.
      if (library.name !== deps.library.name) await prepare(library, callContext());
      const opening = openStaging(library, request.fence, callContext());
      return { staging: await namingFullLibrary(library, input.step.title, opening) };
    },

    async removeStaging(input) {
      const { library, request } = await captureFacts(deps, input);
      await endJobs(library, deps.jobs, request.fence, callContext());
      await removeStaging(library, request.fence, callContext());
    },

    async keepStaging(input) {
      const { library, request } = await captureFacts(deps, input);
      await endJobs(library, deps.jobs, request.fence, callContext());
      const keptIn = await setStagingAside(library, request.fence, callContext());
      return keptIn === undefined ? {} : { keptIn };
    },

    async clearJobs(input) {
      const { library, request } = await captureFacts(deps, input);
      await endJobs(library, deps.jobs, request.fence, callContext());
    },
  };
}
