import { Client, WorkflowNotFoundError } from '@temporalio/client';
import type { RunLookup } from '../activities/dependencies.ts';
import { UnavailableError } from '../domain/errors.ts';
import type { TemporalPlace } from './temporal-place.ts';

/** Whether a run may still act, as Temporal says. */
export function createRunLookup({ connection, namespace }: TemporalPlace): RunLookup {
  const { workflow } = new Client({ connection, namespace });
  return {
    async presence(run) {
      try {
        const { closeTime } = await workflow.getHandle(run).describe();
        return closeTime === undefined ? 'open' : 'closed';
      } catch (cause) {
        if (cause instanceof WorkflowNotFoundError) return 'absent';
        throw new UnavailableError(`ask Temporal whether run ${run} is over`, { cause });
      }
    },
  };
}
