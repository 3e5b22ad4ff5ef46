import type { StepRecord } from '../domain/run.ts';
import type { StepInput } from '../domain/step-input.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { takenUpRuns, type Lineage } from './taken-up-runs.ts';

export interface RescuingActivities {
  /** What preCapture and the seal have changed on the node, also those of runs that this one takes up: `5.1 users (removed alice, bob)`. */
  listPrepared(input: StepInput & Pick<Lineage, 'resumes'>): Promise<{ readonly tasks: readonly string[] }>;
}

export function createRescuingActivities({ catalog }: ActivityDependencies): RescuingActivities {
  return {
    async listPrepared(input) {
      const runs = await takenUpRuns(catalog, input);
      const steps = await Promise.all(runs.map(async (run) => await catalog.runs.steps(run)));
      return { tasks: steps.reverse().flat().filter(isOfPlan).flatMap(tasksDone) };
    },
  };
}

/** The steps of a capture's plan. */
function isOfPlan({ number }: StepRecord): boolean {
  return number.startsWith('5.');
}

function tasksDone({ number, evidence }: StepRecord): readonly string[] {
  const tasks = evidence?.['tasks'];
  if (!Array.isArray(tasks)) return [];
  const changed = tasks.filter(({ outcome }) => outcome === 'changed');
  return changed.map(({ task, detail }) => `${number} ${String(task)} (${String(detail)})`);
}
