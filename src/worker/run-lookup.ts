import { Client, WorkflowNotFoundError } from '@temporalio/client';
import type { RunLookup } from '../activities/dependencies.ts';
import { UnavailableError } from '../domain/errors.ts';
import type { TemporalHomes } from '../catalog/temporal-home.ts';
import { requireHome } from './temporal-home.ts';
import type { TemporalPlace } from './temporal-place.ts';

/** Whether a run may still act, as Temporal says: in the namespace that the runs of the catalog belong to. */
export function createRunLookup(place: TemporalPlace, homes: TemporalHomes): RunLookup {
  const { workflow } = new Client(place);
  return {
    async presence(run) {
      try {
        const { closeTime } = await workflow.getHandle(run).describe();
        return closeTime === undefined ? 'open' : 'closed';
      } catch (cause) {
        if (!(cause instanceof WorkflowNotFoundError))
          throw new UnavailableError(`ask Temporal whether run ${run} is over`, { cause });
        await requireHome(place, homes, run);
        return 'absent';
      }
    },
  };
}
