import { log } from '@temporalio/activity';
import type { Claimant } from '../catalog/catalog.ts';
import { ConflictError, ImprintError, UnavailableError } from '../domain/errors.ts';
import type { Evidence } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { EndedRun } from '../domain/ended-steps.ts';
import { settleRun } from './settle-run.ts';
import { takeBack, type TakenBack } from './take-back.ts';

/** Step 1.1 of a procedure whose node is still claimed by a run that is over. */
export interface TakingOverActivities {
  /**
   * Proves that nothing of the run `over` works any more, takes back what it has left, and only then gives the node to this run. While a host
   * does not answer on which it may still work, the error says so and is retryable.
   */
  takeOver(input: StepInput & { readonly over: string }): Promise<Evidence>;
}

export function createTakingOverActivities(deps: ActivityDependencies): TakingOverActivities {
  const { claims } = deps.catalog;
  return {
    async takeOver({ over, ...step }) {
      const me = claimant(step);
      // Taken by an earlier attempt, given back, or taken by somebody else: the claim that comes next says which.
      if ((await claims.find(step.node))?.owner !== over) return { takenFrom: over, what: [] };
      await refuseOpen(deps, step.node, over);
      // From here on the run that is over is refused wherever its attempts come back, and so is whoever else began to take over.
      const former: Claimant = { ...me, owner: over, execution: `taken over by ${me.owner} (${me.execution})` };
      const { left, what } = await settle(deps, former);
      await claims.transfer(former, me, left);
      log.info('Node was taken over from a run that is over', { node: step.node, from: over, left, what });
      return { takenFrom: over, left, what: [...what] };
    },
  };
}

/** A run that Temporal has reset meanwhile goes on. */
async function refuseOpen({ runs }: ActivityDependencies, node: string, over: string): Promise<void> {
  if ((await runs.presence(over)) !== 'open') return;
  throw new ConflictError(`node ${node} is owned by run ${over}, which goes on again`, { evidence: { owner: over } });
}

async function settle(deps: ActivityDependencies, former: Claimant): Promise<TakenBack> {
  const { node, owner: over } = former;
  const fence = await deps.catalog.claims.fence(former);
  const ended: EndedRun = {
    record: await deps.catalog.runs.find(over),
    steps: await deps.catalog.runs.steps(over),
  };
  try {
    const taken = await takeBack(deps, ended, fence);
    if (ended.record?.state === 'running') await settleRun(deps, ended.record);
    return taken;
  } catch (cause) {
    if (!(cause instanceof ImprintError) || !cause.retryable) throw cause;
    throw new UnavailableError(
      `node ${node} was left by run ${over}, which is over; this waits until it is proved that nothing of it works any more`,
      { cause },
    );
  }
}
