import { QueuedError } from '../domain/errors.ts';
import {
  describeFleet,
  everyNode,
  parseLoadFleetInput,
  type AdmittedFleet,
  type FleetSummary,
  type LoadFleetInput,
} from '../domain/fleet.ts';
import type { Evidence } from '../domain/plan.ts';
import type { RunState } from '../domain/run.ts';
import type { StepInput } from '../domain/step-input.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** How often a run is looked at that another execution of the fleet has started. */
const lookAgainMs = 5_000;

/** What loadFleet needs beside the runs of its nodes. */
export interface FleetActivities {
  /** Checks the input, once more, and says which revision all nodes get. */
  admitFleet(input: StepInput & { readonly input: LoadFleetInput }): Promise<AdmittedFleet>;
  /** What came of a run that was started before; QueuedError while it goes on. */
  followRun(input: { readonly run: string }): Promise<{ readonly state: RunState; readonly outcome: string }>;
  /** Keeps the summary with the record of the run. */
  sumUpFleet(input: StepInput & { readonly summary: FleetSummary }): Promise<Evidence>;
}

export function createFleetActivities({ catalog, runs }: ActivityDependencies): FleetActivities {
  return {
    async admitFleet({ input, run }) {
      const parsed = parseLoadFleetInput(input);
      if ((await catalog.runs.find(run)) === undefined) {
        await catalog.runs.register({ id: run, procedure: 'loadFleet', node: everyNode, input: { ...parsed } });
      }
      return await catalog.fleets.admit(parsed);
    },

    async followRun({ run }) {
      if ((await runs.presence(run)) === 'open')
        throw new QueuedError(`run ${run} goes on`, { againAfterMs: lookAgainMs });
      const record = await catalog.runs.find(run);
      if (record === undefined || record.state === 'running') {
        return { state: 'failed', outcome: `run ${run} was ended in Temporal` };
      }
      return { state: record.state, outcome: record.outcome ?? '' };
    },

    async sumUpFleet({ summary }) {
      const members = summary.members.map((member) => ({ ...member }));
      return await Promise.resolve({ summary: describeFleet(summary), members });
    },
  };
}
