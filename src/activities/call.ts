import { Context } from '@temporalio/activity';
import type { CallContext, Progress } from '../domain/call-context.ts';
import type { Claimant } from '../catalog/catalog.ts';
import type { StepInput } from '../domain/step-input.ts';
import { leaseOf } from './lease.ts';
import { beat } from './pulse.ts';

/** What a capability is given of the activity that calls it. Each look at its signal looks at the lease, too. */
export function callContext(): CallContext {
  const context = Context.current();
  return {
    get signal() {
      return leaseOf(context).signal;
    },
    progress: (progress: Progress) => beat(context, progress),
  };
}

/** Who acts: the run, which execution of it, which attempt of which activity. */
export function claimant(input: Pick<StepInput, 'run' | 'node'>): Claimant {
  const { workflowExecution, activityId, attempt } = Context.current().info;
  if (workflowExecution === undefined) throw new Error('an activity of a run was called outside a workflow');
  return {
    node: input.node,
    owner: input.run,
    execution: workflowExecution.runId,
    attempt: `${activityId}/${String(attempt)}`,
  };
}
