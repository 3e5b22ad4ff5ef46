import type { CallContext } from '../domain/call-context.ts';
import { ConflictError, OutcomeUnknownError, UnsupportedError } from '../domain/errors.ts';
import type { Bmc, BmcAction } from './bmc.ts';
import { setBootTarget } from './boot-target.ts';
import type { Pace } from './pace.ts';
import type { PowerModule } from './power-module.ts';
import { reach } from './reach.ts';

/**
 * Power by a management controller. Accepted is not done: what was asked for is read until it is so, and sent again where nothing came of it. Every
 * action reads first, so an attempt after a lost answer acts on what is. `bmcFor` gives the controller to one call.
 */
export function createConfirmedPower(bmcFor: (context: CallContext) => Bmc, subject: string, pace: Pace): PowerModule {
  return {
    subject,
    read: async (context) => await bmcFor(context).read(context.signal),
    on: async (context) => await reach(bmcFor(context), 'on', pace, context),
    forceOff: async (context) => await reach(bmcFor(context), 'off', pace, context),
    askOff: async (context) => await askOff(bmcFor(context), context),
    reset: async (context) => await reset(bmcFor(context), pace, context),
    bootTarget: {
      read: async (context) => await bmcFor(context).readBootTarget(context.signal),
      set: async (choice, context) => await setBootTarget(bmcFor(context), choice, pace, context),
    },
  };
}

/** Never falls back to a cut of the power: the disk would not be clean. */
async function askOff(bmc: Bmc, context: CallContext): Promise<void> {
  if (await isOffOrTurningOff(bmc, context)) return;
  try {
    await bmc.send('soft', context.signal);
  } catch (error) {
    const perhaps = error instanceof ConflictError || error instanceof OutcomeUnknownError;
    if (!perhaps || !(await isOffOrTurningOff(bmc, context))) throw error;
  }
}

async function isOffOrTurningOff(bmc: Bmc, { signal }: CallContext): Promise<boolean> {
  const { value } = await bmc.read(signal);
  return value === 'off' || value === 'turning-off';
}

/** From the gentlest to what every controller knows. */
const restarts: readonly BmcAction[] = ['reset', 'cycle'];

async function reset(bmc: Bmc, pace: Pace, context: CallContext): Promise<void> {
  // A controller refuses to reset a machine that is off, or does nothing and says that it has.
  if (!(await isOffOrTurningOff(bmc, context)) && !(await restarted(bmc, context)))
    await reach(bmc, 'off', pace, context);
  await reach(bmc, 'on', pace, context);
}

/** False where the controller knows no way to start a machine anew in one command, or not now. */
async function restarted(bmc: Bmc, { signal }: CallContext): Promise<boolean> {
  for (const action of restarts) {
    try {
      await bmc.send(action, signal);
      return true;
    } catch (error) {
      if (!(error instanceof UnsupportedError) && !(error instanceof ConflictError)) throw error;
    }
  }
  return false;
}
