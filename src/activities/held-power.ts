import { log } from '@temporalio/activity';
import { errorChain } from '../domain/errors.ts';
import type { HeldPowerRequest } from '../domain/held-power.ts';
import type { PowerReading } from '../domain/power.ts';
import { claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { carryOutPower } from './power.ts';

export interface HeldPowerActivities {
  /**
   * Power on the node of a run that waits for an operator, who asked for it; `number` counts what was asked at that hold. It is recorded with the
   * hold, before and after: the step at which the run waits keeps its own evidence.
   */
  powerHeldNode(
    input: HeldPowerRequest & { readonly run: string; readonly node: string; readonly number: number },
  ): Promise<PowerReading>;
}

export function createHeldPowerActivities(deps: ActivityDependencies): HeldPowerActivities {
  const { catalog } = deps;
  return {
    async powerHeldNode({ run, node, hold, number, ...asked }) {
      await catalog.runs.refuseOver(run);
      const who = claimant({ run, node });
      await catalog.claims.fence(who);
      const which = { run, hold, number };
      await catalog.holdPower.ask(which, asked);
      log.info('Power of a run that waits', { ...which, node, ...asked });
      try {
        const reading = await carryOutPower(deps, { claimant: who, ...asked });
        await catalog.holdPower.done(which, reading);
        return reading;
      } catch (error) {
        await catalog.holdPower.failed(which, errorChain(error));
        throw error;
      }
    },
  };
}
