import { stateOfEnd } from '../../src/domain/ended-run.ts';
import { sharedQueue } from '../../src/workflows/task-queues.ts';
import type { Invariant } from '../invariant.ts';
import { taken } from '../ledger.ts';
import type { Stage } from '../stage.ts';
import { eventually } from '../waiting.ts';

/** An execution comes into the list of the closed ones some seconds after its end. */
const listedMs = 90_000;

/** The archive keeps every execution, as Temporal knows it; the catalog says the same of the run. */
export const archiveAgrees: Invariant = {
  name: 'the archive agrees with Temporal',
  conclude: async (stage) => {
    const state = { wrong: ['the archiver did not run'] as readonly string[] };
    await eventually(async () => {
      await archive(stage);
      state.wrong = await disagreements(stage);
      return state.wrong.length === 0 ? true : undefined;
    }, listedMs);
    return state.wrong;
  },
};

async function archive({ imprint }: Stage): Promise<void> {
  await imprint.temporal.workflow.execute('archiveRuns', { workflowId: 'archiveRuns', taskQueue: sharedQueue });
}

async function disagreements({ imprint, ledger }: Stage): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { run } of taken(ledger)) {
    const { status, runId } = await imprint.temporal.workflow.getHandle(run).describe();
    const [archived] = await imprint.catalog.archive.list(run);
    const recorded = (await imprint.catalog.runs.find(run))?.state;
    if (archived?.status !== status.name || archived.execution !== runId) {
      wrong.push(`${run} is ${status.name} in Temporal and ${archived?.status ?? 'missing'} in the archive`);
    } else if (stateOfEnd(archived.status) !== recorded) {
      wrong.push(`${run} is ${archived.status} in the archive and ${recorded ?? 'unknown'} in the catalog`);
    }
  }
  return wrong;
}
